"""The parameters of every node, as frozen dataclasses (nodes/parameters.py declares them).

``config/deepsight.yaml`` holds values only; docs/nodes.md prints the tables; tests hold all three
together.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.noise import FAMILIES, SensorModel
from deepsight_ros.nodes.parameters import setting
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.segmenters import KINDS


@dataclass(frozen=True)
class NodeSettings:
    """What every node has."""

    autostart: bool = setting(True, live=False)
    """Configure and activate without being asked by a lifecycle manager."""

    diagnostics_period_s: float = setting(1.0, 0.1, 60.0, live=False)
    """Time between two messages on /diagnostics."""

    warning_period_s: float = setting(5.0, 0.0, 3600.0)
    """Least time between two warnings of one kind; every occurrence is counted."""


@dataclass(frozen=True)
class VisionSettings:
    """Camera input and perception: from messages to a scene."""

    color: str = setting("auto", choices=("auto", "none"), live=False)
    """Whether a colour camera is used: auto uses it where it is published, none never."""

    color_transport: str = setting("auto", choices=("auto", "raw", "compressed"), live=False)
    """How colour images come; auto takes what is published."""

    depth_transport: str = setting("auto", choices=("auto", "raw", "compressedDepth"), live=False)
    """How depth images come; auto takes what is published."""

    depth_unit_m: float = setting(0.0, 0.0, 1.0)
    """Length of one depth unit for odd cameras (0.0001, 0.0002); 0: decided by the encoding."""

    color_is_registered: bool = False
    """Take colour of the depth image's size as registered to it, whatever calibration says."""

    pair_slop_s: float = setting(0.0, 0.0, 1.0, live=False)
    """Largest difference of stamps of a colour and a depth image; 0: half a frame."""

    color_wait_s: float = setting(0.015, 0.0, 0.5)
    """How long a depth image waits for its colour image before it is used alone."""

    sensor_family: str = setting("structured_light", choices=tuple(FAMILIES))
    """Noise model of the depth camera."""

    sensor_base_m: float = setting(-1.0, -1.0, 0.1)
    """Depth noise that does not grow with range (1 sigma); negative: the family's."""

    sensor_linear: float = setting(-1.0, -1.0, 0.1)
    """Depth noise per metre of range (1 sigma); negative: the family's."""

    sensor_quadratic_per_m: float = setting(-1.0, -1.0, 0.1)
    """Depth noise per square metre of range (1 sigma); negative: the family's."""

    sensor_min_range_m: float = setting(-1.0, -1.0, 10.0)
    """Depth readings nearer than this are invalid; negative: the family's."""

    sensor_max_range_m: float = setting(-1.0, -1.0, 100.0)
    """Depth readings farther than this are invalid; negative: the family's."""

    fixed_frame: str = ""
    """Frame that objects are tracked in (odom, base_link, world); empty: camera stands still."""

    gravity_frame: str = ""
    """Frame whose z axis points up; empty: fixed_frame."""

    gripper_frame: str = ""
    """Frame at the centre of the gripper's front face, x ahead; empty: no gripper."""

    use_imu: bool = setting(False, live=False)
    """Take up from the accelerometer on `imu` where TF does not know it."""

    tf_wait_s: float = setting(0.03, 0.0, 1.0)
    """How long a frame waits for the transforms of its stamp."""

    detection_max_age_s: float = setting(0.5, 0.0, 10.0)
    """Boxes on `detections` name objects in frames whose stamp is at most this far from theirs."""

    segmenter: str = setting("geometric", choices=KINDS, live=False)
    """What divides a view into things: geometric, learned, or auto: the learned one where it keeps
    to its time on this computer, which diagnostics tell."""

    segmenter_model: str = setting("auto", live=False)
    """Weights of the learned segmenter: auto (those that ship) or a folder."""

    segmenter_budget_s: float = setting(0.020, 0.001, 1.0, live=False)
    """What auto allows for perceiving a 640x480 frame with the learned segmenter; the rest of a
    camera's 33 ms is for decoding, measuring and publishing."""

    segmenter_device: str = setting("auto", live=False)
    """Where the learned segmenter runs: auto (a GPU where there is one), cpu, cuda, cuda:1 ..."""

    segmenter_threads: int = setting(1, 1, 64, live=False)
    """Processor threads the learned segmenter may use."""

    perception: PerceptionConfig = field(default_factory=PerceptionConfig)

    def __post_init__(self) -> None:
        self.sensor_model()

    def sensor_model(self) -> SensorModel:
        """The family's model with the numbers that were overridden."""
        own = {
            "base_m": self.sensor_base_m,
            "linear": self.sensor_linear,
            "quadratic_per_m": self.sensor_quadratic_per_m,
            "min_range_m": self.sensor_min_range_m,
            "max_range_m": self.sensor_max_range_m,
        }
        changes = {name: value for name, value in own.items() if value >= 0}
        model = replace(FAMILIES[self.sensor_family], **changes)  # type: ignore[arg-type]
        if model.min_range_m >= model.max_range_m:
            raise InvalidValueError(
                f"sensor_min_range_m: got {model.min_range_m} m with a largest range of "
                f"{model.max_range_m} m, expected less"
            )
        return model


@dataclass(frozen=True)
class PerceptionSettings(VisionSettings, NodeSettings):
    """Node `perception`."""

    target_frame: str = ""
    """Frame of the points in `distances`; empty: the depth camera's optical frame."""

    neighbours: int = setting(3, 0, 20)
    """How many nearest neighbours of each object `distances` holds."""

    max_distances: int = setting(60, 1, 1000)
    """Most entries of one `distances` message, nearest first."""

    overlay_max_rate_hz: float = setting(10.0, 0.1, 60.0)
    """Most overlays drawn per second (only while somebody subscribes)."""


@dataclass(frozen=True)
class QuerySettings(NodeSettings):
    """Node `spatial_query`."""

    max_age_s: float = setting(1.0, 0.0, 3600.0)
    """Oldest image a question may be answered from where the request does not say; 0: any."""

    timeout_s: float = setting(2.0, 0.01, 600.0)
    """Every question is answered within this, if need be with TIMEOUT, unless the request says."""

    target_frame: str = ""
    """Frame of the points in answers where the request names none; empty: the optical frame."""

    units: str = setting("metric", choices=("metric", "imperial"))
    """Units that answers speak in where the request does not say."""

    max_question_chars: int = setting(2000, 10, 100_000)
    """Longer questions are refused as UNSUPPORTED."""

    max_regions: int = setting(64, 1, 1000)
    """Most regions one request may carry."""

    max_pending: int = setting(500, 1, 10_000, live=False)
    """Questions waiting at once; more are refused as FAILED."""

    model: str = setting("auto", live=False)
    """Depth-language model: auto (the one that ships, where requirements/model.txt is installed;
    the environment variable DEEPSIGHT_MODEL overrides it), none, or a checkpoint folder."""

    model_device: str = setting("auto", live=False)
    """Where the model runs: auto (a GPU where there is one), cpu, cuda, cuda:1 ..."""

    model_dtype: str = setting(
        "float32", choices=("float32", "float16", "bfloat16", "int8", "int4"), live=False
    )
    """Precision of the model's weights."""

    model_threads: int = setting(1, 1, 64, live=False)
    """Processor threads the model may use."""

    model_max_pending: int = setting(32, 1, 1000, live=False)
    """Questions that may wait for the model; more are refused."""

    model_min_confidence: float = setting(0.9, 0.0, 1.0)
    """Below this (geometric mean probability of its words) an answer of the model without a number
    is not given; a number says by its interval how sure it is."""

    model_names_rate_hz: float = setting(2.0, 0.0, 10.0)
    """Objects a second that the model is asked to name with perception.detector: model."""

    model_beside: bool = False
    """Ask the model too where the answer is measured, and report its number beside it."""

    reason_deadline_s: float = setting(30.0, 0.1, 3600.0)
    """Deadline of a `reason` goal that states none."""

    reason_max_steps: int = setting(64, 1, 1000)
    """Most questions a `reason` goal may ask where it does not say."""

    reason_planner: str = setting("embedded", choices=("embedded", "chat"))
    """Planner of a `reason` goal that names none."""

    chat_address: str = ""
    """OpenAI-compatible endpoint ("http://host:8000/v1"); empty: DEEPSIGHT_CHAT_ADDRESS."""

    chat_model: str = ""
    """Model to ask for there; empty: that of the variable DEEPSIGHT_CHAT_MODEL."""

    chat_key_variable: str = "DEEPSIGHT_CHAT_KEY"
    """Environment variable with the key of the endpoint; the key itself is never a parameter."""


@dataclass(frozen=True)
class QueryAloneSettings(VisionSettings, QuerySettings):
    """Node `spatial_query` in a process of its own: it looks at the camera itself."""


@dataclass(frozen=True)
class RewardSettings(NodeSettings):
    """Node `reward_annotator`."""

    success_distance_m: float = setting(0.03, 0.0, 10.0)
    """Distance at which a task counts as done where set_task does not say."""

    success_hysteresis_m: float = setting(0.01, 0.0, 1.0)
    """Success ends when the distance exceeds the success distance by more than this."""

    task: str = ""
    """Task to begin with; empty: none until set_task is called."""


@dataclass(frozen=True)
class RewardAloneSettings(VisionSettings, RewardSettings):
    """Node `reward_annotator` in a process of its own: it looks at the camera itself."""


@dataclass(frozen=True)
class ObjectDetectorSettings(NodeSettings):
    """Node `object_detector`."""

    kind: str = setting("owlv2", choices=("owlv2", "grounding_dino"), live=False)
    """Which detector the folder holds."""

    path: str = setting("", live=False)
    """Folder of its checkpoint."""

    words: tuple[str, ...] = setting(
        ("cup", "bottle", "can", "box", "bowl", "plate", "book", "phone", "keyboard", "person"),
        live=False,
    )
    """Nouns to look for."""

    least_score: float = setting(0.25, 0.0, 1.0)
    """Boxes of a lower score are left out."""

    most: int = setting(50, 1, 1000)
    """Boxes per image, best first."""

    rate_hz: float = setting(2.0, 0.01, 60.0)
    """Most images a second that are looked at."""

    device: str = setting("auto", live=False)
    """Where it runs: auto (a GPU where there is one), cpu, cuda, cuda:1 ..."""

    color_transport: str = setting("auto", choices=("auto", "raw", "compressed"), live=False)
    """How colour images come; auto takes what is published."""


@dataclass(frozen=True)
class SimCameraSettings(NodeSettings):
    """Node `sim_camera`."""

    mount: str = setting("scene", choices=("scene", "wrist"), live=False)
    """Where the camera is: still in the scene, or moving with the robot's wrist."""

    seed: int = setting(0, 0, 1_000_000, live=False)
    """Chooses the table, what stands on it and the motion."""

    rate_hz: float = setting(30.0, 0.5, 120.0, live=False)
    """Frames per second."""

    width_px: int = setting(640, 64, 1920, live=False)
    """Image width."""

    height_px: int = setting(480, 48, 1440, live=False)
    """Image height."""

    sensor_family: str = setting("structured_light", choices=tuple(FAMILIES), live=False)
    """Noise and holes of the depth images."""

    motion_period_s: float = setting(8.0, 0.5, 600.0, live=False)
    """Time of one approach and return of the gripper, or of one round of the wrist."""

    has_color: bool = setting(True, live=False)
    """Publish colour beside depth."""

    detections_rate_hz: float = setting(0.0, 0.0, 60.0, live=False)
    """Publish names and boxes on `detections`, as an outside detector would; 0: none."""

    world_frame: str = setting("world", live=False)
    """Frame that the transforms of camera and gripper are published in; z up, on the table."""

    gripper_frame: str = setting("gripper", live=False)
    """Frame at the centre between the finger tips, x ahead."""


@dataclass(frozen=True)
class FramePlayerSettings(NodeSettings):
    """Node `frame_player`."""

    path: str = setting("", live=False)
    """Folder of images, or bag (rosbag2 folder, .mcap, .db3, ROS 1 .bag)."""

    rate: float = setting(1.0, 0.01, 100.0, live=False)
    """Playback speed, 1 being as recorded (folders: folder_rate_hz)."""

    folder_rate_hz: float = setting(10.0, 0.1, 120.0, live=False)
    """Frames per second of a folder whose file names tell no time, at rate 1."""

    loop: bool = setting(False, live=False)
    """Play again and again."""

    publish_clock: bool = setting(False, live=False)
    """Keep the recorded stamps and publish them on /clock; false: stamps are of the time now."""

    start_delay_s: float = setting(1.0, 0.0, 600.0, live=False)
    """Time between activation and the first frame, so that subscribers find the topics."""

    color_topic: str = setting("", live=False)
    """Colour topic in the bag; empty: chosen by encoding and calibration; none: no colour."""

    depth_topic: str = setting("", live=False)
    """Depth topic in the bag; empty: chosen by encoding, frame and calibration."""

    color_info_topic: str = setting("", live=False)
    """camera_info topic of colour in the bag; empty: the one that belongs to the colour topic."""

    depth_info_topic: str = setting("", live=False)
    """camera_info topic of depth in the bag; empty: the one that belongs to the depth topic."""

    depth_unit_m: float = setting(0.0, 0.0, 1.0, live=False)
    """Length of one depth unit of a folder's images; 0: its camera file says."""

    fx_px: float = setting(0.0, 0.0, 1e5, live=False)
    """Focal length of a folder's images; 0: its camera file says."""

    fy_px: float = setting(0.0, 0.0, 1e5, live=False)
    """Vertical focal length of a folder's images; 0: fx_px."""

    cx_px: float = setting(-1.0, -1.0, 1e5, live=False)
    """Principal point of a folder's images; negative: the middle."""

    cy_px: float = setting(-1.0, -1.0, 1e5, live=False)
    """Principal point of a folder's images; negative: the middle."""
