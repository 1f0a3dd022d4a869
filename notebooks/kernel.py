"""A kernel manager whose client notices every reply; nbconvert and `store_outputs.py` run the notebooks with it.

While a cell runs, nbclient 0.11 waits for the kernel's reply on a socket, and sends the output of widgets through the
same socket. ZeroMQ signals each arrival once, to whatever uses the socket next. Where a reply arrives during such a
send, nobody looks for it any more and the notebook hangs (nbclient issue 312; one cell with widgets in twelve here).
"""

import zmq
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.manager import AsyncKernelManager
from traitlets import Type


class AttentiveChannel(AsyncZMQSocketChannel):
    """A channel that looks for arrivals after each send."""

    def send(self, msg: dict) -> None:
        """Send a message; wake up whoever waits for one that arrived meanwhile."""
        super().send(msg)
        self.socket.get(zmq.EVENTS)


class AttentiveClient(AsyncKernelClient):
    """A client with such a channel for requests and replies."""

    shell_channel_class = Type(AttentiveChannel)


class AttentiveKernelManager(AsyncKernelManager):
    """A manager that makes such clients."""

    client_factory = Type(AttentiveClient)
