"""`python -m tools.setup` at a terminal, with the real firmware. Runs on CPython only."""

import asyncio

from host_tests.desk.program_rig import Program, module, run_program


def test_set_up_by_hand(tmp_path):
    """All questions on a terminal; no password shows up on it."""

    async def scenario():
        async with module(tmp_path) as (_, port):
            hand = await Program("tools.setup", "--port", port, has_terminal=True).start()
            for prompt, answer in (
                ("Phone number.*: $", "+4915112345678"),
                ("Module password.*: $", "Module1"),
                ("same again: $", "Module1"),
                ("Vehicle id.*: $", "TWIZY42"),
                ("Distances.*: $", ""),
                ("Notifications.*: $", ""),
                ("Vehicle type.*: $", ""),
                (r"APN of the SIM.*: $", "internet"),
                ("User at.*: $", ""),
                ("Password at.*: $", ""),
                ("Server: .*: $", "my.host:x"),
                ("a port is a number(.|\n|\r)*Server: .*: $", "my.host"),
                ("Server password.*: $", "net pass"),
                ("same again: $", "net pass"),
                ("Paranoid.*: $", ""),
                ("MQTT broker.*: $", "tls://my.broker"),
                ("User at the broker.*: $", "me"),
                ("Password at the broker.*: $", "Br0kerPass"),
                ("same again: $", "Br0kerPass"),
                ("Home Assistant.*: $", "yes"),
                ("WiFi network, used.*: $", "Garage"),
                ("Key of this.*: $", "Garage-key1"),
                ("same again: $", "Garage-key1"),
                ("WiFi network 2.*: $", ""),
                ("Write these settings.*: $", ""),
            ):
                await hand.until("(?i)" + prompt)
                # `until` looks at everything: the next question must not find this one.
                hand.text += "\n"
                hand.type(answer + "\r")
            assert await hand.end() == 0, hand.text
            assert "Module1" not in hand.text and "net pass" not in hand.text
            assert "Br0kerPass" not in hand.text and "Garage-key1" not in hand.text
            assert "  server           my.host" in hand.text
            code, output = await run_program("tools.desk", "console", "--port", port, "GET")
            assert output.split() == [
                *("0:+4915112345678", "1:****", "2:K", "3:SMSIP", "4:my.host"),
                *("5:internet", "8:TWIZY42", "9:****", "14:RT"),
                *("37:tls://my.broker", "38:me", "39:****", "40:ON", "44:Garage", "45:****"),
            ]

    asyncio.run(scenario())
