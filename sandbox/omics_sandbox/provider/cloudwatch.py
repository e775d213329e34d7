"""Amazon CloudWatch alarms on one metric, and dashboards."""

from typing import Any, ClassVar, Final

from typing_extensions import override

from omics_sandbox.provider import tagging
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import NAME, REGION, TAGS, Property, ResourceType
from omics_sandbox.provider.shapes import Arn, Integer, JsonText, Number, SetOf, Text, TextMap
from omics_sandbox.provider.values import Names, Properties

# Pulumi's name of each property of an alarm that is passed on as it is, and the API's.
_PARAMETERS: Final = {
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "evaluationPeriods": "EvaluationPeriods",
    "metricName": "MetricName",
    "name": "AlarmName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
}


class MetricAlarm(ResourceType):
    """`aws:cloudwatch/metricAlarm:MetricAlarm`, for alarms that compare a statistic of one metric with a number."""

    token: ClassVar = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service: ClassVar = "cloudwatch"
    title: ClassVar = "CloudWatch Metric Alarm"
    naming: ClassVar = Naming(r".{1,255}", 255, "1 to 255 characters")
    properties: ClassVar = {
        "alarmActions": Property(SetOf(Arn())),
        "alarmDescription": Property(Text()),
        "comparisonOperator": Property(
            Text(
                one_of=(
                    "GreaterThanOrEqualToThreshold",
                    "GreaterThanThreshold",
                    "LessThanThreshold",
                    "LessThanOrEqualToThreshold",
                )
            ),
            required=True,
        ),
        "dimensions": Property(TextMap()),
        "evaluationPeriods": Property(Integer(1), required=True),
        "metricName": Property(Text(), required=True),
        "name": NAME,
        "namespace": Property(Text(pattern=r"[^:].{0,254}"), required=True),
        "okActions": Property(SetOf(Arn())),
        "period": Property(Integer(10), required=True),
        "region": REGION,
        "statistic": Property(Text(one_of=("SampleCount", "Average", "Sum", "Minimum", "Maximum")), required=True),
        "tags": TAGS,
        "threshold": Property(Number(), required=True),
        "treatMissingData": Property(
            Text(one_of=("missing", "ignore", "breaching", "notBreaching")), default="missing"
        ),
    }
    outputs: ClassVar = frozenset({"arn", "tagsAll"})

    @override
    def create_resource(self, inputs: Properties) -> str:
        self._put(inputs, {"Tags": tagging.as_list(inputs.get("tags"))})
        return inputs["name"]

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        client = self.client(known)
        alarms = client.describe_alarms(AlarmNames=[resource_id], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        if not alarms:
            return None
        alarm: Any = alarms[0]
        tags = client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        return {
            **{name: alarm.get(parameter) for name, parameter in _PARAMETERS.items()},
            "arn": alarm["AlarmArn"],
            "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])},
            "treatMissingData": alarm.get("TreatMissingData") or "missing",
            **tagging.as_state(tagging.from_list(tags)),
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        if changed - {"tags"}:
            # The API replaces the whole alarm, except its tags.
            self._put({**inputs, "name": resource_id}, {})
        if "tags" in changed:
            tagging.update(self.client(state), state, inputs, ResourceARN=state["arn"])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.client(state).delete_alarms(AlarmNames=[resource_id])

    def _put(self, inputs: Properties, parameters: dict[str, Any]) -> None:
        given = {_PARAMETERS[name]: value for name, value in inputs.items() if name in _PARAMETERS}
        dimensions: Any = [{"Name": name, "Value": value} for name, value in inputs.get("dimensions", {}).items()]
        self.client(inputs).put_metric_alarm(**given, Dimensions=dimensions, **parameters)


class Dashboard(ResourceType):
    """`aws:cloudwatch/dashboard:Dashboard`. As in AWS, one of a name that exists is overwritten."""

    token: ClassVar = "aws:cloudwatch/dashboard:Dashboard"
    service: ClassVar = "cloudwatch"
    title: ClassVar = "CloudWatch Dashboard"
    properties: ClassVar = {
        "dashboardBody": Property(JsonText(), required=True),
        "dashboardName": Property(
            Text(pattern=r"[0-9A-Za-z_-]{1,255}", described="letters, digits, dashes and underscores"),
            required=True,
            replaces=True,
        ),
        "region": REGION,
    }
    outputs: ClassVar = frozenset({"dashboardArn"})

    shown_by: ClassVar = "dashboardName"

    @override
    def create_resource(self, inputs: Properties) -> str:
        self._put(inputs["dashboardName"], inputs)
        return inputs["dashboardName"]

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        dashboard = self.client(known).get_dashboard(DashboardName=resource_id)
        return {
            "dashboardArn": dashboard["DashboardArn"],
            "dashboardBody": dashboard["DashboardBody"],
            "dashboardName": resource_id,
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        self._put(resource_id, inputs)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.client(state).delete_dashboards(DashboardNames=[resource_id])

    def _put(self, name: str, inputs: Properties) -> None:
        self.client(inputs).put_dashboard(DashboardName=name, DashboardBody=inputs["dashboardBody"])
