// SPDX-License-Identifier: GPL-3.0-or-later
// How loud the far end is heard, without ever being cut; the echo canceller by
// itself; and how often the sound card lost samples.
#ifndef SOTTOVOCE_LOUDNESS_HPP
#define SOTTOVOCE_LOUDNESS_HPP

#include <pjsua2/types.hpp>
#include <vector>

namespace pj
{

/** The level above which nothing is played, in dB of full scale. */
const double RECEIVE_CEILING_DBFS = -1.0;

/**
 * A gain and a limiter behind it: no sample ever exceeds the ceiling.
 *
 * A peak lowers the gain at once, as far as it must; afterwards it comes back
 * by half within 70 ms, so that speech is not torn. A new gain is reached
 * within 20 ms, without a click. With 0 dB and no peak above the ceiling since
 * then the samples are not touched.
 */
class ReceiveLevel
{
public:
    explicit ReceiveLevel(double gainDb = 0.0);

    /** The gain from now on, in dB. */
    void setGain(double gainDb);

    /** Change the samples (16 bits each) in place. */
    void apply(short samples[], unsigned count, unsigned clockRate);

    /** The same for a test: what comes out. */
    std::vector<int> process(const std::vector<int> &samples, unsigned clockRate);

private:
    double target;
    double gain;
    double envelope;
};

/** The gain of all that the sound device plays, in dB. From any thread. */
void setReceiveGain(double gainDb);

/** Underruns and overruns of the ALSA devices since the start. */
struct SoundXruns
{
    unsigned playback;
    unsigned capture;
};
SoundXruns soundXruns();

/**
 * The WebRTC AEC3 of pjmedia as the sound port of a hands-free phone uses it,
 * to be measured. One thread.
 */
class EchoCanceller
{
public:
    EchoCanceller(unsigned clockRate, unsigned samplesPerFrame, unsigned tailMs) PJSUA2_THROW(Error);
    ~EchoCanceller();

    /** What is left of a frame of the microphone, while a frame was played. */
    std::vector<int> cancel(const std::vector<int> &heard, const std::vector<int> &played)
        PJSUA2_THROW(Error);

private:
    EchoCanceller(const EchoCanceller &);
    EchoCanceller &operator=(const EchoCanceller &);

    struct Impl;
    Impl *impl;
};

} // namespace pj

#endif
