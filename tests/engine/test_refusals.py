"""What a person reads when `pulumi preview` cannot begin."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

Products = Callable[..., Any]


def test_given_a_wrong_passphrase_when_previewed_then_the_message_names_it(product: Products) -> None:
    stack = product()
    stack.run("config", "set", "--secret", "dynamoTableName", "hidden-name")
    wrong = replace(stack, environment=stack.environment | {"PULUMI_CONFIG_PASSPHRASE": "not this one"})

    assert "incorrect passphrase" in wrong.run("preview", fails=True)


def test_given_a_stack_that_does_not_exist_when_previewed_then_it_is_named(product: Products) -> None:
    assert "no stack named 'nowhere' found" in product().run("preview", "--stack", "nowhere", fails=True)


def test_given_an_unreadable_configuration_when_previewed_then_the_message_says_what_and_where(
    product: Products,
) -> None:
    stack = product()
    (stack.folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: [us-west-2\n")

    # The engine's own words, which do not name the file.
    assert "getting stack configuration: invalid YAML file: yaml: line 1" in stack.run("preview", fails=True)


def test_given_no_credentials_when_previewed_then_the_message_says_how_to_give_them(product: Products) -> None:
    stack = product(environment={"AWS_REGION": "us-west-2", "AWS_EC2_METADATA_DISABLED": "true"})

    printed = stack.run("preview", fails=True)

    assert "No valid credential sources found. Set AWS_PROFILE" in printed


def test_given_several_wrong_settings_when_previewed_then_all_are_named_with_their_remedy(product: Products) -> None:
    stack = product(batchSize="11", dynamoTableNam="reads")

    printed = stack.run("preview", fails=True)

    assert "batchSize" in printed
    assert "11" in printed
    assert "dynamoTableName" in printed
    assert "Traceback" not in printed
