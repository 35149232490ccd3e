"""Archives: retention, keys, and deletions that take 30 days."""

import boto3
import pytest

YEAR = {"retention": {"retention_period": "ONE_YEAR"}}


@pytest.fixture
def keys(aws):
    made = [
        aws.run("mailmanager_kms_key", alias=alias, purpose="relay")["key"]["arn"]
        for alias in ("one", "two")
    ]
    return dict(zip(("one", "two"), made, strict=True))


def test_life(aws):
    made = aws.apply("mailmanager_archive", name="mail", **YEAR, tags={"team": "mail"})
    assert made["archive"]["archive_state"] == "ACTIVE"
    assert made["document"]["Retention"] == {"RetentionPeriod": "ONE_YEAR"}
    longer = aws.apply(
        "mailmanager_archive", name="mail", retention={"RetentionPeriod": "TEN_YEARS"}
    )
    assert longer["diff"]["before"]["retention"] == {"retention_period": "ONE_YEAR"}
    assert longer["diff"]["after"]["retention"] == {"retention_period": "TEN_YEARS"}
    renamed = aws.apply("mailmanager_archive", id=made["archive"]["id"], name="all-mail", tags={})
    assert renamed["archive"]["name"] == "all-mail"
    assert renamed["archive"]["tags"] == {}


def test_a_deletion_is_told_and_cannot_be_taken_back(aws):
    made = aws.run("mailmanager_archive", name="mail", **YEAR)["archive"]
    gone = aws.apply("mailmanager_archive", name="mail", state="absent")
    assert gone["diff"]["before"]["archive_state"] == "ACTIVE"
    assert gone["diff"]["after"]["archive_state"] == "PENDING_DELETION"
    assert gone["archive"]["archive_state"] == "PENDING_DELETION"
    for find in ({"name": "mail"}, {"id": made["id"]}):
        refusal = aws.refuse("mailmanager_archive", **find, **YEAR)
        assert refusal.startswith(f"archive mail ({made['id']}) is PENDING_DELETION: its messages")
        assert "30 days" in refusal
    [listed] = aws.run("mailmanager_archive_info")["archives"]
    assert listed == gone["archive"]


def test_what_was_never_there_is_absent(aws):
    done = aws.apply("mailmanager_archive", name="mail", state="absent")
    assert not done["changed"]
    assert done["archive"] is None


def test_a_creation_states_its_retention(aws):
    aws.forget_calls()
    refusal = aws.refuse("mailmanager_archive", name="mail")
    assert refusal == "retention: is needed to create archive mail"
    assert aws.writes() == {}


@pytest.mark.parametrize("spelling", ["alias", "arn", "id", "alias_arn"])
def test_a_key_by_any_of_its_names(aws, keys, spelling):
    arn = keys["one"]
    named = {
        "alias": "alias/one",
        "arn": arn,
        "id": arn.rpartition("/")[2],
        "alias_arn": arn.rpartition(":")[0] + ":alias/one",
    }[spelling]
    made = aws.apply("mailmanager_archive", name="mail", **YEAR, kms_key_arn=named)
    assert made["document"]["KmsKeyArn"] == arn
    refusal = aws.refuse("mailmanager_archive", name="mail", kms_key_arn="alias/two")
    assert refusal.startswith(
        f"kms_key_arn of archive mail is {arn} and cannot become {keys['two']}"
    )
    assert "fixed at creation" in refusal


def test_a_key_cannot_come_later(aws, keys):
    aws.run("mailmanager_archive", name="mail", **YEAR)
    refusal = aws.refuse("mailmanager_archive", name="mail", kms_key_arn="alias/two")
    assert refusal.startswith("kms_key_arn of archive mail is not set and cannot become")


def test_a_key_that_is_not_there_yet(aws):
    options = {"name": "mail", "kms_key_arn": "alias/later", **YEAR}
    predicted = aws.run("mailmanager_archive", check=True, **options)
    assert "kms_key_arn: there is no key alias/later" in str(predicted["warnings"])
    assert (
        aws.refuse("mailmanager_archive", **options) == "kms_key_arn: there is no key alias/later"
    )


def test_an_archive_in_use(aws):
    archive = aws.run("mailmanager_archive", name="mail", **YEAR)["archive"]
    rules = [{"actions": [{"archive": {"target_archive": "mail"}}]}]
    made = aws.apply("mailmanager_rule_set", name="main", rules=rules)
    sent = made["document"]["Rules"][0]["Actions"][0]["Archive"]
    assert sent == {"TargetArchive": archive["id"], "ActionFailurePolicy": "CONTINUE"}
    assert made["rule_set"]["rules"][0]["actions"][0]["archive"]["target_archive"] == "mail"
    refusal = aws.refuse("mailmanager_archive", name="mail", state="absent")
    assert "archive mail is used by rule set main" in refusal
    forced = aws.refuse("mailmanager_archive", name="mail", state="absent", force=True)
    assert forced.startswith("DeleteArchive: ConflictException")
    boto3.client("mailmanager").delete_rule_set(RuleSetId=made["rule_set"]["id"])
    aws.run("mailmanager_archive", name="mail", state="absent")
    refusal = aws.refuse("mailmanager_rule_set", name="main", rules=rules)
    place = "rules[0].actions[0].archive.target_archive"
    assert refusal == f"{place}: archive mail is PENDING_DELETION"
