"""Runs the document's Python client as it is printed, against another port, with somebody who speaks into it."""

import asyncio
import base64
import json
import sys

import websockets

EXAMPLE, PORT, SOUND = sys.argv[1:]
CHUNK_BYTES = 2048
original = websockets.connect


class Connect:
    def __init__(self, uri):
        self.connection = original(uri.replace(":8000/", f":{PORT}/"))

    async def __aenter__(self):
        websocket = await self.connection.__aenter__()
        self.speaking = asyncio.create_task(speak(websocket))
        return websocket

    async def __aexit__(self, *reasons):
        self.speaking.cancel()
        return await self.connection.__aexit__(*reasons)


async def speak(websocket):
    await asyncio.sleep(0.2)
    with open(SOUND, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            audio = base64.b64encode(chunk).decode()
            await websocket.send(json.dumps({"type": "audio_chunk", "audio_data": audio}))
            await asyncio.sleep(CHUNK_BYTES / 32000)


websockets.connect = Connect
sys.stdout.reconfigure(line_buffering=True)
exec(compile(open(EXAMPLE).read(), EXAMPLE, "exec"))
