// Why: before a person waits for a download that does not come, they can ask whether each gateway is there and answers as
// a gateway does.
// Thread: probe_gateways() blocks its caller, for hardly longer than `limit`.
// What holds: every gateway is asked once, all at the same time, for the empty block. Each gateway has that without looking
// for it anywhere, and it tells nobody which models are wanted here.
// Source: Trustless Gateway Specification, "Notes for implementers" (bafkqaaa as a probe); RFC 9110, section 6.6.1 (Date).
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "peers/sources.h"

namespace eai::peers {

struct GatewayProbe {
  std::string name, base;
  enum class Meaning {
    answers,      // as a gateway does
    other,        // somebody answers, but not so
    unreachable,  // nobody does, or not in time
  } meaning = Meaning::unreachable;
  int status = 0;        // HTTP; 0: none came
  std::string why = {};  // unless it answers
  std::chrono::milliseconds took{};
  std::optional<std::chrono::seconds> ahead = {};  // of our clock, by its Date header
};

// Of the sources that are gateways, in their order.
std::vector<GatewayProbe> probe_gateways(const std::vector<Source>& sources, const Options& options,
                                         std::chrono::milliseconds limit, const std::stop_token& stop);

}  // namespace eai::peers
