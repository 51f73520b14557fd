"""The interfaces: built, documented field by field, and in step with the values they carry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deepsight_ros.scene.answer import Method, Status
from deepsight_ros.scene.measurement import Bound

ROOT = Path(__file__).parents[2]
FILES = sorted(p for folder in ("msg", "srv", "action") for p in (ROOT / folder).iterdir())
FIELD = re.compile(r"^(?P<type>[\w/]+(\[\d*\])?)\s+(?P<name>[a-z]\w*)\s*(#\s*(?P<comment>\S.*))?$")
# One comment may serve a short run of fields that read as one thing.
SHARES_COMMENT = {"fy", "cx", "cy", "model_upper"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_field_is_commented(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith("# "), "the first line says what the interface is for"
    for line in lines:
        field = FIELD.match(line)
        if field and field["name"] not in SHARES_COMMENT:
            assert field["comment"], f"{path.name}: {line}"


def test_cmake_builds_every_interface() -> None:
    listed = set(re.findall(r"(?:msg|srv|action)/\w+\.\w+", (ROOT / "CMakeLists.txt").read_text()))
    assert listed == {str(p.relative_to(ROOT)) for p in FILES}


@pytest.mark.ros
class TestBuilt:
    def test_status_values_are_those_of_the_answer(self) -> None:
        from deepsight_ros.msg import SpatialAnswer

        values = {status.name: getattr(SpatialAnswer, status.name) for status in Status}
        assert len(set(values.values())) == len(Status)
        # A message that nobody filled in must not read as an answer.
        assert SpatialAnswer().status == SpatialAnswer.UNSET
        assert SpatialAnswer.UNSET not in values.values()

    def test_methods_are_those_of_the_answer(self) -> None:
        from deepsight_ros.msg import SpatialAnswer

        assert {SpatialAnswer.MEASURED, SpatialAnswer.MODEL, SpatialAnswer.REASONED} == {
            method.value for method in Method
        }

    @pytest.mark.parametrize("name", ["Measurement", "DistanceEstimate"])
    def test_bounds_are_those_of_the_measurement(self, name: str) -> None:
        import deepsight_ros.msg

        message = getattr(deepsight_ros.msg, name)
        assert len({getattr(message, bound.name) for bound in Bound}) == len(Bound)
        assert message().bound == message.EXACT

    def test_every_interface_is_importable(self) -> None:
        import deepsight_ros.action
        import deepsight_ros.msg
        import deepsight_ros.srv

        for path in FILES:
            module = getattr(deepsight_ros, path.parent.name)
            assert hasattr(module, path.stem), f"{path.name} was added after the build: make setup"

    def test_transforms_have_a_message(self) -> None:
        from tf2_msgs.msg import TFMessage

        assert TFMessage.get_fields_and_field_types() == {
            "transforms": "sequence<geometry_msgs/TransformStamped>"
        }

    def test_service_round_trip(self, ros) -> None:
        from deepsight_ros.srv import SpatialQuery

        def answer(request, response):
            response.answer.question = request.question
            response.answer.text = f"{len(request.regions)} regions"
            return response

        ros.node.create_service(SpatialQuery, "ask", answer)
        request = SpatialQuery.Request(question="how far is the mug?")
        response = ros.call(SpatialQuery, "ask", request)
        assert response.answer.question == request.question
        assert response.answer.text == "0 regions"
