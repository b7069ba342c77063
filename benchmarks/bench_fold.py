"""Speed of the folding on one core: ``python benchmarks/bench_fold.py`` (texts are made here)."""

from __future__ import annotations

import time

from unbait.fold import codes_of, fold
from unbait.fold_table import pairs, table

ENGLISH = "The council met on Tuesday to discuss the new bridge, and 14 people spoke.\n"
EUROPEAN = (
    "Le conseil s’est réuni mardi pour parler du pont, où « 14 » personnes ont parlé.\n"
    "Der Rat tagte am Dienstag über die neue Brücke; größere Schäden gab es nicht.\n"
    "Совет собрался во вторник, чтобы обсудить новый мост через реку.\n"
    "Το συμβούλιο συνεδρίασε την Τρίτη για τη νέα γέφυρα της πόλης.\n"
    "Rada zebrała się we wtorek, żeby omówić nowy most; głos zabrało 14 osób.\n"
)
SIZE = 4_000_000


def samples() -> dict[str, str]:
    english = ENGLISH * (SIZE // len(ENGLISH))
    little = english[: SIZE // 8]
    every = "".join(ENGLISH if number % 200 else "Q&amp;A\n" for number in range(SIZE // 75))
    return {
        "ASCII": english,
        "ASCII, an entity in 200 lines": every,
        "European": EUROPEAN * (SIZE // len(EUROPEAN)),
        "zero width everywhere": "\u200b".join(little),
        "look-alikes everywhere": little.replace("e", "е").replace("o", "о"),
        "spaced-out letters": "  ".join(" ".join(word) for word in little.split(" ")),
        "entities for spaces": little.replace(" ", "&nbsp;"),
        "mathematical letters": "".join(
            chr(0x1D41A + ord(char) - 97) if "a" <= char <= "z" else char for char in little
        ),
    }


def main() -> None:
    begin = time.process_time()
    table()
    pairs()
    print(f"table built in {(time.process_time() - begin) * 1e3:.1f} ms")
    for name, text in samples().items():
        codes = codes_of(text)
        best = 1e9
        for _ in range(5):
            begin = time.process_time()
            fold(codes)
            best = min(best, time.process_time() - begin)
        print(f"{name:32} {len(text.encode()) / best / 1e6:8.1f} MB/s")


if __name__ == "__main__":
    main()
