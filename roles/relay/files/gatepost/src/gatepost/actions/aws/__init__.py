"""The actions that call AWS, through boto3 (the extra `gatepost[aws]`, imported when the first of
them runs)."""
