// Why: a peer that is busy says when to come back, or says nothing. How long to wait before the next try is decided
// here, once, for gateways and for the services that models are preserved at.
// Thread: any; pure functions. Chance comes in as an argument, so that tests need neither clock nor luck.
// Source: RFC 9110, section 10.2.3 (Retry-After).
#pragma once

#include <chrono>
#include <optional>
#include <random>
#include <string_view>

namespace eai::peers {

// A peer that asks for more patience than this is not waited for in this run.
inline constexpr std::chrono::seconds k_longest_patience{600};

// Whether a refusal with this HTTP status may be over later: 408, 425, 429 and the 5xx, except those that say that the
// server cannot do this at all (501, 505, 507).
bool may_pass(int status);

// An HTTP date ("Sun, 06 Nov 1994 08:49:37 GMT") in seconds since 1970. As a time point of the system's clock, the year
// 9999 (which means "never") would overflow.
std::optional<std::int64_t> parse_http_date(std::string_view text);

// "120" or an HTTP date; nothing if it is neither. Never negative, and at most a year. A date is counted from `date`, the
// peer's own idea of the time (its Date header), because our clock or the peer's may be wrong; from `now` if the peer
// does not say.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::chrono::system_clock::time_point now,
                                                      std::string_view date = {});

// The wait before try number `attempt` (1 is the first repeat): first_delay · 2^(attempt-1), at most 30 s, of which a
// random half is taken off.
std::chrono::milliseconds backoff(int attempt, std::chrono::milliseconds first_delay, std::mt19937_64& random);

// The same, but at least as long as the peer asked for. Nothing if it asked for more than k_longest_patience.
std::optional<std::chrono::milliseconds> pause_before(int attempt, std::chrono::milliseconds first_delay,
                                                      std::optional<std::chrono::seconds> retry_after,
                                                      std::mt19937_64& random);

}  // namespace eai::peers
