"""Tones of the network and of machines, followed frame by frame in all calls at once.

Special information tones: ITU-T E.180 (950, 1400 and 1800 Hz, each +-50). Fax: CED 2100 Hz and CNG 1100 Hz, 0.5 s on
and 3 s off (ITU-T T.30). Busy, ringback and dial tones: ITU-T E.180 annex; 425 Hz in Mexico, Colombia and Spain,
350/440/480/620 Hz in the United States. A voicemail's beep is any single steady tone of 430 to 2600 Hz after speech.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dialer.screening.columns import Bools, Columns, Floats, Ints
from dialer.screening.spectrum import Spectra

SIT_BANDS_HZ = np.array([(895, 1010), (1340, 1455), (1740, 1855)], np.float32)
#: A first special tone counts after so many frames, the second earlier: then no music is that lucky.
SIT_FRAMES = np.array([8, 7], np.int32)
SIT_GAP_FRAMES = 14
CED_HZ, CED_FRAMES = (2070.0, 2130.0), 20
CNG_HZ, CNG_FRAMES = (1060.0, 1140.0), (21, 30)
#: Below it the harmonics of high voices stand nearly as still as a tone, and 425 Hz are the network's.
BEEP_HZ = (430.0, 2600.0)
LOWEST_HZ = 335.0
#: Below it a tone may as well be the network's.
LOWEST_BEEP_HZ = 660.0
#: Centroids of 350 + 440, 425, 440 + 480 and 480 + 620 Hz.
PROGRESS_HZ, PROGRESS_TOLERANCE_HZ = np.array([395, 425, 460, 550], np.float32), 14.0
#: Mains hum lies among these tones but is never as loud for as long.
STEADY_DB = -44.0
#: Frames until a tone is a beep: after a pause, and straight out of speech.
BEEP_FRAMES, BEEP_FRAMES_IN_SPEECH = 4, 8
#: Straight out of other sound a beep is at least as loud as so much below the loudest voice: a note of the music behind
#: a person is not. On training calls 741 true beeps lay above -9.7 dB, and 45 of 46 notes of music below -10.
BEEP_BELOW_VOICE_DB = 10.0
#: A call-progress tone that lasts as long is one without a second burst: dial tone, a long ringback.
STEADY_FRAMES = 75
#: A burst of a cadence lasts at least so long; two bursts are alike within so many frames.
BURST_FRAMES, BURST_TOLERANCE = 8, 3
#: Shorter ones, of congested networks and of a receiver off its hook, must be so many.
SHORT_BURST_FRAMES, SHORT_BURSTS = 4, 4
#: A burst breaks off; what something louder covers is a hum of the line.
BREAK_DB = 6.0
#: A tone with its second or third harmonic: share of the tone itself, and of what both may lack.
HARMONIC_SHARE, HARMONIC_LACK, HARMONIC_HZ = 0.75, 0.04, 40.0
#: A tone's first frames hold only a part of it.
ATTACK_FRAMES = 2
#: With as much speech the call is no fax and no tone any more.
SPOKEN_FRAMES = 15


@dataclass(frozen=True, slots=True)
class Heard:
    """What one frame brought; each is (n,)."""

    #: A steady tone is on: this frame is no speech.
    tonal: Bools
    #: A tone has just proved to be one, after `tone_frames` frames.
    proved: Bools
    sit: Bools
    fax: Bools
    cadence: Bools
    beep: Bools
    beep_ended: Bools


class Tones:
    """The tone trackers of all live calls."""

    def __init__(self, capacity: int) -> None:
        c = self.columns = Columns(capacity)
        # One tone that stands still in frequency and level.
        self.on, self.frames, self.misses = c.flags(), c.ints(), c.ints()
        self.hz, self.db, self.drift_hz, self.drift_db = c.floats(), c.floats(), c.floats(), c.floats()
        self.started, self.before_db, self.previous_hz = c.ints(), c.floats(), c.floats()
        self.recent_db = c.floats(-90.0, rows=4)
        # The beep, once found.
        self.beep_at, self.beep_start, self.beep_on = c.ints(-1), c.ints(-1), c.flags()
        # Special information and fax tones, above 800 Hz.
        self.sit_stage, self.sit_frames, self.sit_misses = c.ints(), c.ints(), c.ints()
        self.sit_hz, self.sit_db, self.sit_at = c.floats(), c.floats(), c.ints(-1)
        #: The sequence was heard from its second tone on: lost frames or a late start took the first.
        self.sit_late = c.flags()
        self.ced_frames, self.cng_frames, self.cng_misses, self.fax_at = (
            c.ints(),
            c.ints(),
            c.ints(),
            c.ints(-1),
        )
        # Call-progress tones.
        self.burst, self.burst_misses, self.burst_hz, self.burst_db = (
            c.ints(),
            c.ints(),
            c.floats(),
            c.floats(),
        )
        self.last_burst, self.last_burst_hz, self.cadence_at = c.ints(), c.floats(), c.ints(-1)
        self.burst_before, self.bursts = c.ints(), c.ints()
        # For the model.
        self.tonal_frames, self.tones = c.ints(), c.ints()

    def step(self, s: Spectra, frame: Ints, floor_db: Floats, spoken: Ints, voice_db: Floats) -> Heard:
        """Take one frame of the first n calls: `frame` counts a call's frames from 0, `spoken` its voiced ones;
        `voice_db` is the level of the loudest of these."""
        n = len(s.db)
        snr = np.maximum(s.db - floor_db, 13)
        purity = np.minimum(0.95, 1 - 1.7 * 10 ** (-snr / 10))
        loud = s.db > -52
        proved, ended, tonal = self._single(n, s, frame, loud, purity)
        cadence = self._progress(n, s, frame, loud, purity, spoken)
        sit = self._special(n, s, frame)
        fax = self._fax(n, s, frame, spoken)
        beep, beep_ended = self._beep(n, s, frame, spoken, voice_db, ended)
        burst = self.burst[:n] >= 6
        fax_tone = (self.ced_frames[:n] >= 4) | (self.cng_frames[:n] >= 4)
        tonal = tonal | burst | (self.sit_frames[:n] >= 4) | fax_tone
        self.tonal_frames[:n] += tonal
        self.recent_db[:, :n] = np.concatenate([self.recent_db[1:, :n], s.db[None]])
        return Heard(tonal, proved | (self.burst[:n] == 6), sit, fax, cadence, beep, beep_ended)

    def _single(
        self, n: int, s: Spectra, frame: Ints, loud: Bools, purity: Floats
    ) -> tuple[Bools, Bools, Bools]:
        on, frames, misses = self.on[:n], self.frames[:n], self.misses[:n]
        hz, db = self.hz[:n], self.db[:n]
        drift_hz, drift_db = self.drift_hz[:n], self.drift_db[:n]
        # Lower than all tones of telephones lies the voice's own pitch.
        pure = loud & (s.share > purity) & (s.hz > LOWEST_HZ)
        # Machines whose beep is no sine, and lines that clip it.
        off_hz = np.minimum(np.abs(s.hz2 - 2 * s.hz), np.abs(s.hz2 - 3 * s.hz))
        both = (s.share > HARMONIC_SHARE) & (s.share + s.share2 > purity - HARMONIC_LACK)
        pure |= loud & both & (off_hz < HARMONIC_HZ) & (s.hz > LOWEST_BEEP_HZ)
        same = on & pure & (np.abs(s.hz - hz) < 12) & (np.abs(s.db - db) < 4)
        begins = pure & ~same & (np.abs(s.hz - self.previous_hz[:n]) < 12)
        self.previous_hz[:n] = s.hz
        frames += same
        settled = same & (frames > 3)
        np.maximum(drift_hz, np.abs(s.hz - hz), out=drift_hz, where=settled)
        np.maximum(drift_db, np.abs(s.db - db), out=drift_db, where=settled)
        hz += np.where(same, (s.hz - hz) / np.clip(frames, 1, 8), 0)
        db += np.where(same, 0.4 * (s.db - db), 0)
        misses[:] = np.where(same, 0, misses + 1)
        was = on & (frames >= 4) & (drift_hz < 6)
        ended = on & (begins | (misses > 2))
        self.tones[:n] += ended & was
        on[:] = (on & ~ended) | begins
        frames[:] = np.where(begins, 2, frames)
        misses[begins] = 0
        hz[:] = np.where(begins, s.hz, hz)
        db[:] = np.where(begins, s.db, db)
        drift_hz[begins] = 0
        drift_db[begins] = 0
        self.started[:n] = np.where(begins, frame - 1, self.started[:n])
        # The level two and three frames before the first: silence before a beep, speech before a vowel.
        self.before_db[:n] = np.where(
            begins, np.minimum(self.recent_db[1, :n], self.recent_db[2, :n]), self.before_db[:n]
        )
        steady = on & (frames >= 5) & (drift_hz < 6)
        return steady & same & (frames == 5), ended, steady

    def _beep(
        self, n: int, s: Spectra, frame: Ints, spoken: Ints, voice_db: Floats, ended: Bools
    ) -> tuple[Bools, Bools]:
        frames, hz = self.frames[:n], self.hz[:n]
        fit = (hz > BEEP_HZ[0]) & (hz < BEEP_HZ[1])
        held = fit & self.on[:n] & (self.misses[:n] == 0)
        steady = (self.drift_hz[:n] < 4) & (self.drift_db[:n] < 2)
        # GSM lets a tone waver.
        nearly = (self.drift_hz[:n] < 7) & (self.drift_db[:n] < 4)
        quiet = self.before_db[:n] < self.db[:n] - 12
        sudden = quiet & (steady & (frames >= BEEP_FRAMES) | nearly & (frames >= BEEP_FRAMES + 1))
        # A high voice's vowel is nearly a low tone, but it sways, and it does not break off.
        low = hz < LOWEST_BEEP_HZ
        drawn = (self.drift_hz[:n] < 3) & (self.drift_db[:n] < 1) & (frames >= BEEP_FRAMES + 1)
        foremost = self.db[:n] > voice_db - BEEP_BELOW_VOICE_DB
        within = steady & foremost & (frames >= BEEP_FRAMES_IN_SPEECH)
        sure = held & (np.where(low, quiet & drawn, sudden) | within)
        broken_off = fit & low & quiet & nearly & ended & ~self.beep_on[:n] & (frames >= BEEP_FRAMES)
        sure |= broken_off & (s.db < self.db[:n] - 25)
        # What may be a ringback, the first special information tone or a fax is a beep only after a speaker.
        other = low | (hz > CED_HZ[0])
        other |= (hz > SIT_BANDS_HZ[0, 0]) & (hz < SIT_BANDS_HZ[0, 1])
        other |= (hz > CNG_HZ[0]) & (hz < CNG_HZ[1])
        new = (
            sure
            & (spoken >= np.where(other, 25, 10))
            & (self.sit_stage[:n] < 1)
            & ~self.beep_on[:n]
            & (self.fax_at[:n] < 0)
        )
        over = (self.beep_on[:n] | new) & ended
        self.beep_on[:n] = (self.beep_on[:n] | new) & ~over
        self.beep_start[:n] = np.where(new, self.started[:n], self.beep_start[:n])
        self.beep_at[:n] = np.where(new & (self.beep_at[:n] < 0), frame + 1, self.beep_at[:n])
        return new, over

    def _special(self, n: int, s: Spectra, frame: Ints) -> Bools:
        stage, frames, misses = self.sit_stage[:n], self.sit_frames[:n], self.sit_misses[:n]
        hz, db = self.sit_hz[:n], self.sit_db[:n]
        late = self.sit_late[:n]
        second = (s.upper_hz > SIT_BANDS_HZ[1, 0]) & (s.upper_hz < SIT_BANDS_HZ[1, 1])
        late[:] = np.where((stage == 0) & (frames == 0), second, late)
        band = SIT_BANDS_HZ[np.minimum(stage + late, 2)]
        inside = (
            (s.upper_hz > band[:, 0]) & (s.upper_hz < band[:, 1]) & (s.upper_share > 0.7) & (s.upper_db > -52)
        )
        still = (np.abs(s.upper_hz - hz) < 12) & (np.abs(s.upper_db - db) < 4)
        # The first frames hold only a part of the tone: until it stands, each begins anew.
        hit = inside & (still | (frames <= ATTACK_FRAMES))
        frames[hit & ~still] = 0
        hz[:] = np.where(hit, s.upper_hz, hz)
        db[:] = np.where(hit, s.upper_db, db)
        frames += hit
        misses[:] = np.where(hit, 0, misses + 1)
        # Between two tones of one sequence lies hardly a gap.
        lost = ~hit & np.where(frames > 0, misses > 2, (stage > 0) & (misses > SIT_GAP_FRAMES))
        next_stage = (frames >= SIT_FRAMES[np.minimum(stage, 1)]) & (stage < 2)
        stage[:] = np.where(next_stage, stage + 1, np.where(lost & (stage < 2), 0, stage))
        frames[lost | next_stage] = 0
        misses[next_stage] = -20
        found: Bools = next_stage & (stage == 2) & (self.sit_at[:n] < 0)
        self.sit_at[:n] = np.where(found, frame + 1, self.sit_at[:n])
        return found

    def _fax(self, n: int, s: Spectra, frame: Ints, spoken: Ints) -> Bools:
        loud = (s.upper_db > -50) & (s.upper_share > 0.75)
        ced = loud & (s.upper_hz > CED_HZ[0]) & (s.upper_hz < CED_HZ[1])
        self.ced_frames[:n] = np.where(ced, self.ced_frames[:n] + 1, np.maximum(self.ced_frames[:n] - 3, 0))
        cng = loud & (s.upper_hz > CNG_HZ[0]) & (s.upper_hz < CNG_HZ[1])
        frames, misses = self.cng_frames[:n], self.cng_misses[:n]
        frames += cng
        misses[:] = np.where(cng, 0, misses + 1)
        over = (misses > 2) & (frames > 0)
        calling = over & (frames >= CNG_FRAMES[0]) & (frames <= CNG_FRAMES[1])
        frames[over] = 0
        found = (
            (calling | (self.ced_frames[:n] >= CED_FRAMES)) & (spoken < SPOKEN_FRAMES) & (self.fax_at[:n] < 0)
        )
        self.fax_at[:n] = np.where(found, frame + 1, self.fax_at[:n])
        return found

    def _progress(self, n: int, s: Spectra, frame: Ints, loud: Bools, purity: Floats, spoken: Ints) -> Bools:
        burst, misses = self.burst[:n], self.burst_misses[:n]
        hz, db = self.burst_hz[:n], self.burst_db[:n]
        near = np.abs(s.progress_hz[:, None] - PROGRESS_HZ).min(1) < PROGRESS_TOLERANCE_HZ
        hit = loud & (s.progress_share > purity) & near
        still = (burst > 0) & (np.abs(s.progress_hz - hz) < 18) & (np.abs(s.db - db) < 4)
        hit &= still | (burst <= ATTACK_FRAMES)
        fresh = hit & ~still
        burst[fresh] = 0
        hz[:] = np.where(fresh, s.progress_hz, np.where(hit, hz + 0.2 * (s.progress_hz - hz), hz))
        db[:] = np.where(fresh, s.db, np.where(hit, db + 0.3 * (s.db - db), db))
        burst += hit
        misses[:] = np.where(hit, 0, misses + 1)
        over = (misses > 2) & (burst > 0)
        whole = over & (burst >= SHORT_BURST_FRAMES) & (s.db < db - BREAK_DB)
        # In some cadences a short and a long burst take turns.
        last, before = self.last_burst[:n], self.burst_before[:n]
        off = np.minimum(np.abs(burst - last), np.abs(burst - before))
        alike = (off <= BURST_TOLERANCE) & (np.abs(hz - self.last_burst_hz[:n]) < 15)
        count = self.bursts[:n]
        count[:] = np.where(whole, np.where(alike, count + 1, 1), count)
        repeated = whole & alike & ((burst >= BURST_FRAMES) | (count >= SHORT_BURSTS))
        before[:] = np.where(whole, last, before)
        last[:] = np.where(whole, burst, last)
        self.last_burst_hz[:n] = np.where(whole, hz, self.last_burst_hz[:n])
        long = hit & (burst >= STEADY_FRAMES) & (db > STEADY_DB)
        burst[over] = 0
        found: Bools = (repeated | long) & (spoken < SPOKEN_FRAMES) & (self.cadence_at[:n] < 0)
        self.cadence_at[:n] = np.where(found, frame + 1, self.cadence_at[:n])
        return found
