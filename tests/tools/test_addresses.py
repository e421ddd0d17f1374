import pytest

from tools import addresses


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_addresses_of_the_internet_are_public(address):
    assert addresses.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
    ],
)
def test_addresses_of_this_machine_and_of_private_networks_are_not(address):
    assert not addresses.is_public(address)


@pytest.mark.parametrize(
    "address", ["::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1"]
)
def test_an_ipv4_address_is_not_hidden_by_an_ipv6_one(address):
    assert not addresses.is_public(address)


def test_a_name_is_no_address():
    with pytest.raises(ValueError, match="does not appear"):
        addresses.is_public("example.com")
