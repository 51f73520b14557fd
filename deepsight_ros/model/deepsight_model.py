"""DeepSightModel: pictures and tokens in, next tokens and numbers out.

    Pictures --towers--> patch features --projector--> [picture tokens] -+
       \\--regions--> one vector per <regionN> ---------------------------+-> Llama --> text, <num>

A question stands behind the picture tokens of its view. Training packs many questions behind one
copy of them: each sees the picture and itself, never another question, so that a question asked
alone meets nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, LlamaConfig, LlamaForCausalLM

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.config import ENCODINGS, DeepSightConfig, LanguageConfig
from deepsight_ros.model.depth_encoding import LENGTH_SCALE_M, encode_depth
from deepsight_ros.model.lengths import GivenLengths, log_lengths, places_of
from deepsight_ros.model.metric import region_features
from deepsight_ros.model.numbers import NumberEncoder, NumberHead
from deepsight_ros.model.pictures import Pictures, normalised_colour
from deepsight_ros.model.regions import RegionEncoder
from deepsight_ros.model.relations import RelationEncoder
from deepsight_ros.model.tower import VisionTower

IGNORED = -100


@dataclass(frozen=True, eq=False)
class Sight:
    """What the model made of pictures, ready for any number of questions.

    Attributes:
        tokens: (B, P, D) picture tokens in the language model's width.
        regions: (B, R, D) region vectors.
        places: (B, R, ``lengths.PLACE``) where regions are; None for a model without relations.
        pooled: (B, A) picture embedding in the space shared with texts, unit length; None for a
            model without text tower.
    """

    tokens: Tensor
    regions: Tensor
    places: Tensor | None
    pooled: Tensor | None


@dataclass(frozen=True, eq=False)
class PackedText:
    """Questions with answers, packed behind their pictures.

    Attributes:
        ids: (B, L) token ids.
        segment: (B, L) which question a token belongs to, from 1; 0 = padding.
        place: (B, L) position of the token in its question, from 0.
        labels: (B, L) next-token targets, already shifted; ``IGNORED`` where nothing is learnt.
        region: (B, L) index of the region a token stands for, -1 for none.
        about: (B, L, 2) indices of the question's first and second region, -1 for none.
        given: (B, L) log10 of the SI value at ``<num>`` tokens of questions, NaN elsewhere.
        number: (B, L) the same at ``<num>`` tokens of answers, to be learnt.
        weight: (B, L) weight of a target.
    """

    ids: Tensor
    segment: Tensor
    place: Tensor
    labels: Tensor
    region: Tensor
    about: Tensor
    given: Tensor
    number: Tensor
    weight: Tensor

    def to(self, device: torch.device | str) -> PackedText:
        return PackedText(**{k: v.to(device) for k, v in vars(self).items()})


class DeepSightModel(nn.Module):
    """See the module's text. ``language`` may be any loaded Llama-class causal LM."""

    def __init__(self, config: DeepSightConfig, language: LlamaForCausalLM | None = None) -> None:
        super().__init__()
        self.config = config
        self.language = LlamaForCausalLM(llama(config.language)) if language is None else language
        width = self.language.config.hidden_size
        if width != config.language.width:
            raise InvalidValueError(
                f"model: got a language model of width {width}, config says "
                f"{config.language.width}"
            )
        towers, tower = config.tower, config.tower.width
        self.depth_tower = self.rgb_tower = None
        self.depth_projector = self.rgb_projector = None
        self.depth_regions = self.rgb_regions = None
        if config.depth:
            channels = ENCODINGS[config.encoding]
            metric = config.encoding == "xyz"
            self.depth_tower = VisionTower(towers, channels, config.box, metric=metric)
            self.depth_projector = projector(config.projector, tower, width)
            self.depth_regions = RegionEncoder(
                towers, config.region, channels, width, metric=metric
            )
        if config.rgb:
            self.rgb_tower = VisionTower(towers, 3, config.box)
            self.rgb_projector = projector(config.projector, tower, width)
            self.rgb_regions = RegionEncoder(towers, config.region, 3, width, metric=False)
        self.modality = nn.Parameter(torch.randn(3, width) * 0.02)
        """Added to every picture token: depth only, colour only, both."""
        self.numbers = (
            NumberHead(width, config.number_bins, config.number_range, config.region.relations)
            if config.number_bins
            else None
        )
        self.given_numbers = NumberEncoder(width)
        self.relations = RelationEncoder(width) if config.region.relations else None
        self.given_lengths = GivenLengths(width) if config.region.relations else None
        self.text_tower = None
        align = config.align
        if align.layers:
            self.text_tower = CLIPTextModel(
                CLIPTextConfig(
                    vocab_size=config.language.vocabulary,
                    hidden_size=align.width,
                    intermediate_size=4 * align.width,
                    num_hidden_layers=align.layers,
                    num_attention_heads=align.heads,
                    max_position_embeddings=align.positions,
                    projection_dim=align.dimension,
                    pad_token_id=0,
                    bos_token_id=1,
                    eos_token_id=2,
                )
            )
            self.text_projection = nn.Linear(align.width, align.dimension, bias=False)
            self.picture_projection = nn.Linear(tower, align.dimension, bias=False)
            self.log_temperature = nn.Parameter(torch.tensor(2.6593))

    @property
    def device(self) -> torch.device:
        return self.modality.device

    def add_relations(self) -> None:
        """Relations and lengths for a model that learnt without."""
        if self.relations is None:
            width = self.config.language.width
            self.relations = RelationEncoder(width).to(self.device)
            self.given_lengths = GivenLengths(width).to(self.device)
            if self.numbers is not None:
                self.numbers.add_lengths()
            region = replace(self.config.region, relations=True)
            self.config = replace(self.config, region=region)

    # --- seeing -------------------------------------------------------------------------------

    def see(self, pictures: Pictures) -> Sight:
        """Picture tokens and region vectors; modalities a picture lacks add nothing."""
        fine = self.config.region.fine
        has_depth, has_colour = pictures.has_depth, pictures.has_colour
        depth_fine = torch.where(has_depth[:, None, None], pictures.depth_m, 0.0)
        depth = depth_fine[:, fine // 2 :: fine, fine // 2 :: fine]
        tokens, regions, pooled = [], [], []
        body = None
        if self.depth_tower is not None and self.depth_projector is not None and has_depth.any():
            turn = pictures.levelled_from_camera
            encoded = encode_depth(self.config.encoding, depth_fine, pictures.intrinsics, turn)
            points = None
            if self.config.encoding == "xyz":  # its first channels are the scaled coordinates
                points = encoded[:, :3] * LENGTH_SCALE_M
            features, summary = self.depth_tower(
                encoded[:, :, fine // 2 :: fine, fine // 2 :: fine],
                depth,
                pictures.boxes,
                pictures.box_valid,
                None if points is None else points[:, :, fine // 2 :: fine, fine // 2 :: fine],
            )
            present = has_depth[:, None, None].to(features.dtype)
            tokens.append(self.depth_projector(features) * present)
            pooled.append(summary * present[:, 0])
            assert self.depth_regions is not None
            metric = None
            if self.depth_regions.metric and points is not None:
                rows, columns = depth_fine.shape[1:]
                focal = pictures.intrinsics[:, :2] / pictures.intrinsics.new_tensor(
                    [columns, rows]
                )
                metric, body = region_features(depth_fine, points, pictures.regions, focal)
            regions.append(
                self.depth_regions(features, encoded, pictures.regions, metric) * present
            )
        if self.rgb_tower is not None and self.rgb_projector is not None and has_colour.any():
            colour = normalised_colour(pictures.colour)
            features, summary = self.rgb_tower(
                colour[:, :, fine // 2 :: fine, fine // 2 :: fine],
                None,
                pictures.boxes,
                pictures.box_valid,
            )
            present = has_colour[:, None, None].to(features.dtype)
            tokens.append(self.rgb_projector(features) * present)
            pooled.append(summary * present[:, 0])
            assert self.rgb_regions is not None
            regions.append(self.rgb_regions(features, colour, pictures.regions, None) * present)
        if not tokens:
            raise InvalidValueError(
                "model: got pictures with neither depth nor colour that this model can see, "
                f"expected {'depth' if self.depth_tower is not None else 'colour'}"
            )
        mode = (has_depth.long() + 2 * has_colour.long() - 1).clamp(min=0)
        mark = self.modality[mode][:, None]
        embedding = None
        if self.text_tower is not None:
            embedding = nn.functional.normalize(self.picture_projection(sum(pooled)), dim=-1)
        places = None if self.relations is None else places_of(pictures.regions, body)
        return Sight(sum(tokens) + mark, sum(regions) + mark, places, embedding)

    def embed_texts(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(N, L) token ids ending in <eos>, (N, L) mask -> (N, A) unit vectors."""
        if self.text_tower is None:
            raise InvalidValueError("model: this checkpoint has no text tower (align.layers is 0)")
        hidden = self.text_tower(input_ids=ids, attention_mask=mask).last_hidden_state
        last = mask.sum(-1) - 1
        ends = hidden[torch.arange(len(ids), device=ids.device), last]
        return nn.functional.normalize(self.text_projection(ends), dim=-1)

    # --- reading and writing ------------------------------------------------------------------

    def embed(
        self, ids: Tensor, region: Tensor, about: Tensor, given: Tensor, sight: Sight
    ) -> Tensor:
        """Token ids, region indices (-1: none), what the question is about (as in ``PackedText``)
        and given numbers (NaN: none) -> (B, L, D). A region token is its own embedding plus the
        vector of its region and how that lies to the question's first one; a given number that of
        ``<num>`` plus its value's and how that compares to the regions' lengths."""
        hidden = self.language.get_input_embeddings()(ids)
        asked = bool((~given.isnan()).any())
        if asked:
            hidden = hidden + self.given_numbers(given)
        if sight.regions.shape[1] == 0:
            return hidden
        logs = self.lengths(about, sight) if asked else None
        if logs is not None and self.given_lengths is not None:
            hidden = hidden + self.given_lengths(given, logs)
        index = region.clamp(min=0)[..., None].expand(-1, -1, hidden.shape[-1])
        vectors = sight.regions.gather(1, index)
        hidden = hidden + torch.where(region[..., None] >= 0, vectors, 0.0)
        first = about[..., 0]
        related = (region >= 0) & (first >= 0) & (region != first)
        if self.relations is not None and sight.places is not None and bool(related.any()):
            hidden = hidden + self.relations(sight.places, region, first)
        return hidden

    def number(self, hidden: Tensor, about: Tensor, sight: Sight) -> tuple[Tensor, Tensor]:
        """Numbers at one token of each of B questions, one a picture.

        Args:
            hidden: (B, D) at ``<num>``.
            about: (B, 2) as in ``PackedText``.
            sight: of the pictures.

        Returns:
            log10 of the SI value and its standard deviation, both (B,).
        """
        if self.numbers is None:
            raise InvalidValueError(
                "model: this checkpoint writes numbers as text (number_bins is 0)"
            )
        logs = self.lengths(about[:, None], sight)
        return self.numbers(hidden, None if logs is None else logs[:, 0])

    def lengths(self, about: Tensor, sight: Sight) -> Tensor | None:
        """``lengths.log_lengths`` of (B, L, 2) regions; None without relations or regions."""
        if self.relations is None or sight.places is None or sight.places.shape[1] == 0:
            return None
        return log_lengths(sight.places, about)

    def states(self, sight: Sight, text: PackedText) -> Tensor:
        """(B, L, D) last hidden states of packed questions behind pictures that ``see`` saw."""
        picture_tokens = sight.tokens.shape[1]
        asked = self.embed(text.ids, text.region, text.about, text.given, sight)
        hidden = torch.cat([sight.tokens, asked], dim=1)
        first = torch.arange(picture_tokens, device=hidden.device).expand(len(hidden), -1)
        positions = torch.cat([first, picture_tokens + text.place], dim=1)
        out: Tensor = self.language.model(
            inputs_embeds=hidden,
            attention_mask=packed_mask(text.segment, picture_tokens),
            position_ids=positions,
            use_cache=False,
        ).last_hidden_state
        return out[:, picture_tokens:]

    def forward(self, sight: Sight, text: PackedText) -> dict[str, Tensor]:
        """Losses of packed questions behind pictures that ``see`` saw.

        Returns:
            "loss" to minimise, and its parts "text" and "number" (means over targets).
        """
        out = self.states(sight, text)
        learnt = text.labels != IGNORED
        logits = self.language.lm_head(out[learnt]).float()
        each = nn.functional.cross_entropy(logits, text.labels[learnt], reduction="none")
        weight = text.weight[learnt]
        losses = {"text": (each * weight).sum() / weight.sum().clamp(min=1e-6)}
        losses["loss"] = losses["text"]
        if self.numbers is not None:
            at = ~text.number.isnan()
            logs = self.lengths(text.about, sight)
            values = self.numbers.loss(
                out[at], text.number[at], None if logs is None else logs[at]
            )
            losses["number"] = values.mean() if len(values) else out.sum() * 0.0
            losses["loss"] = losses["loss"] + 0.5 * losses["number"]
        return losses

    def contrast(self, sight: Sight, ids: Tensor, mask: Tensor) -> Tensor:
        """Symmetric contrastive loss of pictures with their texts, row by row."""
        texts = self.embed_texts(ids, mask)
        assert sight.pooled is not None
        logits = self.log_temperature.clamp(max=4.6).exp() * sight.pooled @ texts.T
        same = (ids[:, None] == ids[None]).all(-1).to(logits.dtype)
        target = same / same.sum(-1, keepdim=True)
        rows = -(target * logits.log_softmax(-1)).sum(-1).mean()
        columns = -(target * logits.T.log_softmax(-1)).sum(-1).mean()
        return (rows + columns) / 2


def packed_mask(segment: Tensor, picture_tokens: int) -> Tensor:
    """(B, 1, P + L, P + L) bool, True = may look: causal, and across questions never.

    Padding looks at itself alone, so that no row of the softmax is empty.
    """
    b, length = segment.shape
    total = picture_tokens + length
    owner = torch.cat([segment.new_zeros(b, picture_tokens), segment], dim=1)
    is_picture = torch.zeros(total, dtype=torch.bool, device=segment.device)
    is_picture[:picture_tokens] = True
    padding = (owner == 0) & ~is_picture
    same = owner[:, :, None] == owner[:, None, :]
    causal = torch.ones(total, total, dtype=torch.bool, device=segment.device).tril()
    may = (same | is_picture[None, None, :]) & causal & ~padding[:, None, :] & ~padding[:, :, None]
    may |= torch.eye(total, dtype=torch.bool, device=segment.device)
    return may[:, None]


def projector(kind: str, features: int, width: int) -> nn.Module:
    """Tower features -> language width: one layer (DeepSight) or two (LLaVA-1.5)."""
    if kind == "linear":
        return nn.Linear(features, width)
    return nn.Sequential(nn.Linear(features, width), nn.GELU(), nn.Linear(width, width))


def llama(config: LanguageConfig) -> LlamaConfig:
    """The ``transformers`` configuration of a language model."""
    made = LlamaConfig(
        vocab_size=config.vocabulary,
        hidden_size=config.width,
        intermediate_size=config.mlp,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.key_value_heads or config.heads,
        head_dim=config.head_width or config.width // config.heads,
        rms_norm_eps=config.norm_eps,
        rope_parameters=None if config.rope is None else dict(config.rope),
        hidden_act=config.activation,
        attention_bias=config.attention_bias,
        mlp_bias=config.mlp_bias,
        max_position_embeddings=config.positions,
        tie_word_embeddings=config.tied,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    made._attn_implementation = "sdpa"
    return made
