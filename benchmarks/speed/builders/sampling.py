# Appended to a builder: fifty times a second, which part of the processor time since the last look
# went into the call of a compiled function? What the main thread does at the look has had it all.
import json as _json
import os as _os
import pathlib as _pathlib
import sys as _sys
import threading as _threading
import time as _time


def _sample_processor_time():
    main = _threading.main_thread().ident
    path = _pathlib.Path(f"samples-{_os.getpid()}.json")
    new = path.with_suffix(".new")
    began = written = _time.process_time()
    last, graph = began, 0.0
    while True:
        _time.sleep(0.02)
        now = _time.process_time()
        frame = _sys._current_frames().get(main)
        if frame is not None and frame.f_code.co_name == "quick_execute" and frame.f_back:
            graph += (now - last) * (frame.f_back.f_code.co_name == "call_function")
        last = now
        if now - written > 0.2:
            written = now
            new.write_text(_json.dumps({"graph": graph, "all": now - began}))
            new.replace(path)


_threading.Thread(target=_sample_processor_time, daemon=True).start()
