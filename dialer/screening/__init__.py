"""Who answered: tones, known recordings, rhythm of speech, one decision. Pure numpy over 20 ms frames of 8 kHz."""
