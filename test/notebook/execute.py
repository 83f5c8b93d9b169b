"""Executes a notebook with its kernel: execute.py IN OUT. Errors stay in the outputs; what replaced an earlier output
of a display is kept in the metadata of its cell, since the notebook itself keeps the last state only."""

import sys

import nbformat
from nbclient import NotebookClient


class Recorder(NotebookClient):
    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] == "update_display_data":
            cell.metadata.setdefault("updates", []).append(msg["content"]["data"])
        return super().process_message(msg, cell, cell_index)


notebook = nbformat.read(sys.argv[1], as_version=4)
Recorder(notebook, timeout=120, kernel_name="tslab", allow_errors=True).execute()
nbformat.write(notebook, sys.argv[2])
