#!/usr/bin/env python3
"""Trains the model of generated names and writes model.txt. Python 3.9+, standard library only, no network.

    crates/behave/src/dga/train.py --words /usr/share/dict/american-english [--words ...] --domains names.txt > crates/behave/src/dga/model.txt

Benign names come from word lists (words, pairs of words, words with digits) and from files with one domain per line, for instance the
home pages of a distribution's packages:

    apt-cache dumpavail | sed -n 's/^Homepage: https\\?:\\/\\/\\([^\\/:]*\\).*/\\1/p' > names.txt

Generated names come from the generators below: families of algorithms rebuilt from their published descriptions, each with its own
alphabet, lengths and source of randomness. Families that join dictionary words are left out on purpose: letters cannot tell them.

Only weights are kept: a table of letter pairs and a logistic regression over twelve features that the detector computes in the same
way (crates/behave/src/dga/model.rs). A fifth of the names is held back to measure; the figures stand in the head of model.txt.
"""
import argparse
import hashlib
import math
import random
import sys
import zlib

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
VOWELS = set("aeiouy")
FEATURES = ["bias", "length", "pairs", "worst pairs", "vowels", "digits", "consonant run", "entropy", "turns", "hexadecimal",
            "different letters", "long without vowel"]


# --- generators, one per family of algorithms -----------------------------------------------------------------------------------
def lcg(seed):
    """Linear congruential generator with the constants of the C library's rand()."""
    state = seed & 0xFFFFFFFF
    while True:
        state = (state * 1103515245 + 12345) & 0xFFFFFFFF
        yield (state >> 16) & 0x7FFF


def letters(low, high, alphabet):
    def make(rng):
        source = lcg(rng.getrandbits(32))
        size = low + next(source) % (high - low + 1)
        return "".join(alphabet[next(source) % len(alphabet)] for _ in range(size))
    return make


def shifted(low, high):
    """Each letter from a seed that is shifted and xored, as families driven by the date do."""
    def make(rng):
        a, b, c = rng.getrandbits(32), rng.getrandbits(32), rng.getrandbits(32)
        out = []
        for _ in range(rng.randint(low, high)):
            a = ((a ^ (8 * a)) >> 8 ^ ((a & 0xFFFFFFFE) << 13)) & 0xFFFFFFFF
            b = ((b ^ (b << 1)) >> 5 ^ ((b & 0xFFFFFFF8) << 11)) & 0xFFFFFFFF
            c = (16 * (c & 0xFFFFFFF0) ^ ((c ^ (4 * c)) >> 11)) & 0xFFFFFFFF
            out.append(chr(ord("a") + (a ^ b ^ c) % 25))
        return "".join(out)
    return make


def digest(algorithm, size, first=""):
    def make(rng):
        text = hashlib.new(algorithm, str(rng.getrandbits(48)).encode()).hexdigest()
        return first and (rng.choice(first) + text[:size - 1]) or text[:size]
    return make


def base36(low, high):
    def make(rng):
        number = int.from_bytes(hashlib.md5(str(rng.getrandbits(48)).encode()).digest() + rng.randbytes(8), "big")
        out = ""
        while number:
            number, digit = divmod(number, 36)
            out += "0123456789abcdefghijklmnopqrstuvwxyz"[digit]
        return out[:rng.randint(low, high)]
    return make


def checksum(rng):
    return "%08x" % zlib.crc32(str(rng.getrandbits(48)).encode())


def syllables(rng):
    """Consonant and vowel in turns: what is meant to be read aloud."""
    out = ""
    for place in range(rng.randint(7, 13)):
        out += rng.choice("aeiouy" if place % 2 else "bcdfghjklmnpqrstvwxz")
    return out


def letters_then_digits(rng):
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(5, 10))) + str(rng.randint(10, 9999))


AZ = "abcdefghijklmnopqrstuvwxyz"
FAMILIES = {
    "short letters": letters(6, 11, AZ), "letters without z": letters(8, 19, AZ[:25]), "twelve letters": letters(12, 12, AZ),
    "long letters": letters(14, 24, AZ), "dated letters": shifted(12, 17), "dated long letters": shifted(14, 25),
    "letters and digits": letters(10, 24, AZ + "0123456789"), "base 36": base36(16, 28), "md5": digest("md5", 32),
    "half md5": digest("md5", 16), "sha256 with a letter": digest("sha256", 34, AZ), "crc32": checksum,
    "syllables": syllables, "letters then digits": letters_then_digits, "few letters": letters(8, 15, "abcdefghijklmnop"),
}


# --- features, as in model.rs ---------------------------------------------------------------------------------------------------
def clean(name):
    return "".join(letter for letter in name.lower() if letter in LETTERS)


def pairs(name):
    framed = "^" + name + "$"
    return [framed[at:at + 2] for at in range(len(framed) - 1)]


def features(name, table):
    n = len(name)
    logs = sorted(table[pair] for pair in pairs(name))
    run = longest = turns = 0
    for at, letter in enumerate(name):
        run = run + 1 if letter.isalpha() and letter not in VOWELS else 0
        longest = max(longest, run)
        turns += at > 0 and letter.isdigit() != name[at - 1].isdigit()
    counts = [name.count(letter) for letter in set(name)]
    entropy = -sum(count / n * math.log2(count / n) for count in counts)
    digits = sum(letter.isdigit() for letter in name) / n
    vowels = sum(letter in VOWELS for letter in name) / n
    worst = logs[:3]
    hexadecimal = n >= 8 and digits > 0 and all(letter in "0123456789abcdef" for letter in name)
    return [1.0, n / 10, sum(logs) / len(logs), sum(worst) / len(worst), vowels, digits, longest / 4, entropy / 4, turns / n,
            float(hexadecimal), len(counts) / n, float(n >= 8 and vowels < 0.15)]


def table_of(names):
    alphabet = "^" + LETTERS + "$"
    count = {a + b: 0.5 for a in alphabet for b in alphabet}
    for name in names:
        for pair in pairs(name):
            count[pair] += 1
    table = {}
    for a in alphabet:
        whole = sum(count[a + b] for b in alphabet)
        for b in alphabet:
            # Hundredths, so that the table is read by people and by the detector to the same value.
            table[a + b] = round(math.log(count[a + b] / whole), 2)
    return table


def fit(rows, labels, rng, epochs=24, rate=0.15, decay=1e-5):
    weights = [0.0] * len(FEATURES)
    order = list(range(len(rows)))
    for epoch in range(epochs):
        rng.shuffle(order)
        step = rate / (1 + epoch)
        for at in order:
            row = rows[at]
            score = sum(w * x for w, x in zip(weights, row))
            error = labels[at] - 1 / (1 + math.exp(-max(-30, min(30, score))))
            for i, x in enumerate(row):
                weights[i] += step * (error * x - decay * weights[i])
    return weights


def benign(options, rng):
    words = []
    for path in options.words:
        words += [clean(word) for word in open(path, encoding="utf-8", errors="replace").read().split()]
    words = sorted({word for word in words if 3 <= len(word) <= 16})
    rng.shuffle(words)
    names = set(words[:25000])
    names |= {rng.choice(words) + rng.choice(["", "", "-"]) + rng.choice(words) for _ in range(15000)}
    names |= {rng.choice(words) + str(rng.randint(1, 2030)) for _ in range(2500)}
    for path in options.domains:
        for line in open(path, encoding="utf-8", errors="replace"):
            labels = line.strip().lower().rstrip(".").split(".")
            short = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
            if len(labels) >= 2:
                names.add(clean(labels[-3 if short else -2]))
            names |= {clean(label) for label in labels[:-2] if len(label) > 3}
    return sorted(name for name in names if 4 <= len(name) <= 40)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", action="append", default=[])
    parser.add_argument("--domains", action="append", default=[])
    options = parser.parse_args()
    rng = random.Random(20)
    good = benign(options, rng)
    bad = sorted({(family, make(rng)) for family, make in FAMILIES.items() for _ in range(3000)})
    rng.shuffle(good)
    rng.shuffle(bad)
    held = len(good) // 5, len(bad) // 5
    table = table_of(good[held[0]:])
    rows = [features(name, table) for name in good[held[0]:]] + [features(name, table) for _, name in bad[held[1]:]]
    weights = fit(rows, [0] * (len(good) - held[0]) + [1] * (len(bad) - held[1]), rng)
    weights = [round(weight, 3) for weight in weights]

    def score(name):
        return sum(w * x for w, x in zip(weights, features(name, table)))

    print("# Model of generated names, written by train.py. Scores are log-odds: above 0 a name is more likely generated than not.")
    print(f"# Trained on {len(good) - held[0]} benign and {len(bad) - held[1]} generated names; held back {held[0]} and {held[1]}.")
    for cut in (0, 2, 3):
        wrong = sum(score(name) >= cut for name in good[:held[0]]) / held[0]
        print(f"# At log-odds {cut}: of benign names {100 * wrong:.2f} % are taken for generated;", end=" ")
        print(f"of generated {100 * sum(score(name) >= cut for _, name in bad[:held[1]]) / held[1]:.1f} % are found.")
    for family in FAMILIES:
        mine = [name for kind, name in bad[:held[1]] if kind == family]
        print(f"#   {family}: {100 * sum(score(name) >= 2 for name in mine) / max(1, len(mine)):.0f} % at log-odds 2")
    print("[weights]")
    for name, weight in zip(FEATURES, weights):
        print(f"{name} = {weight}")
    print("[pairs] natural logarithm of P(second | first), in hundredths; columns: " + LETTERS + "$")
    for a in "^" + LETTERS:
        print(a, " ".join(str(round(100 * table[a + b])) for b in LETTERS + "$"))
    print("# done", file=sys.stderr)


if __name__ == "__main__":
    main()
