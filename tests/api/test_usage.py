def test_usage_is_listed_by_tenant(client):
    client.run("approve", {"amount": 5})

    found = client.get("/v1/usage", params={"tenant": "default"}).json()["items"]

    assert [(each["tenant"], each["model_calls"], each["tokens"]) for each in found] == [("default", 0, 0)]
    assert found[0]["since"] < found[0]["until"]
