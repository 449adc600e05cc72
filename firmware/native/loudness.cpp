// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "loudness.cpp"

#include <loudness.hpp>
#include <pjmedia.h>
#include <pjmedia_audiodev.h>
#include <pjmedia/echo.h>
#include <pjmedia/sound_port.h>
#include <pjlib.h>
#include <pjsua2/types.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>

namespace
{

const double FULL = 32767.0;
const double HALF_LIFE_S = 0.07;
const double FADE_S = 0.005;

double linear(double db)
{
    return std::pow(10.0, db / 20.0);
}

std::atomic<double> wantedGain(0.0);

// Called by the thread that plays; there is one sound device at a time.
void filter(pj_int16_t samples[], unsigned count, unsigned clockRate)
{
    static pj::ReceiveLevel level;

    level.setGain(wantedGain.load());
    level.apply(samples, count, clockRate);
}

} // namespace

namespace pj
{

ReceiveLevel::ReceiveLevel(double gainDb) : target(linear(gainDb)), gain(target), envelope(0.0)
{
}

void ReceiveLevel::setGain(double gainDb)
{
    target = linear(gainDb);
}

void ReceiveLevel::apply(short samples[], unsigned count, unsigned clockRate)
{
    const double ceiling = FULL * linear(RECEIVE_CEILING_DBFS);
    const double release = std::pow(0.5, 1.0 / (HALF_LIFE_S * clockRate));
    const double fade = 1.0 - std::exp(-1.0 / (FADE_S * clockRate));

    for (unsigned i = 0; i < count; ++i) {
        double wanted, size;

        gain += (target - gain) * fade;
        if (std::fabs(gain - target) < 1e-5)
            gain = target;
        wanted = samples[i] * gain;
        size = std::fabs(wanted);
        envelope = std::max(size, envelope * release);
        if (envelope > ceiling)
            wanted *= ceiling / envelope;
        samples[i] = static_cast<short>(std::lrint(wanted));
    }
}

std::vector<int> ReceiveLevel::process(const std::vector<int> &samples, unsigned clockRate)
{
    std::vector<short> work(samples.begin(), samples.end());

    apply(work.data(), static_cast<unsigned>(work.size()), clockRate);
    return std::vector<int>(work.begin(), work.end());
}

void setReceiveGain(double gainDb)
{
    wantedGain.store(gainDb);
    pjmedia_snd_port_set_play_filter(&filter);
}

SoundXruns soundXruns()
{
    SoundXruns found;

    pjmedia_aud_dev_get_xruns(&found.playback, &found.capture);
    return found;
}

struct EchoCanceller::Impl
{
    pj_caching_pool pools;
    pj_pool_t *pool;
    pjmedia_echo_state *state;
    unsigned frame;
};

EchoCanceller::EchoCanceller(unsigned clockRate, unsigned samplesPerFrame, unsigned tailMs)
    PJSUA2_THROW(Error)
    : impl(new Impl())
{
    pj_status_t status;

    pj_init();
    pj_caching_pool_init(&impl->pools, NULL, 0);
    impl->pool = pj_pool_create(&impl->pools.factory, "echo", 4000, 4000, NULL);
    impl->frame = samplesPerFrame;
    status = pjmedia_echo_create2(impl->pool, clockRate, 1, samplesPerFrame, tailMs, 0,
                                  PJMEDIA_ECHO_WEBRTC_AEC3, &impl->state);
    if (status != PJ_SUCCESS) {
        pj_caching_pool_destroy(&impl->pools);
        delete impl;
        PJSUA2_RAISE_ERROR2(status, "EchoCanceller()");
    }
}

EchoCanceller::~EchoCanceller()
{
    pjmedia_echo_destroy(impl->state);
    pj_caching_pool_destroy(&impl->pools);
    delete impl;
}

std::vector<int> EchoCanceller::cancel(const std::vector<int> &heard, const std::vector<int> &played)
    PJSUA2_THROW(Error)
{
    std::vector<pj_int16_t> mine(heard.begin(), heard.end());
    std::vector<pj_int16_t> theirs(played.begin(), played.end());

    if (mine.size() != impl->frame || theirs.size() != impl->frame)
        PJSUA2_RAISE_ERROR2(PJ_EINVAL, "EchoCanceller::cancel()");
    PJSUA2_CHECK_EXPR(pjmedia_echo_cancel(impl->state, mine.data(), theirs.data(), 0, NULL));
    return std::vector<int>(mine.begin(), mine.end());
}

} // namespace pj
