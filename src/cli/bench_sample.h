// Why: one answer of a server is measured where its client sits, in the same way whoever gives it.
// Thread: take_sample() blocks its caller; the others are pure functions.
// Source: docs/api.md, POST /v1/completions with "stream"; llama-server has the same, and its "timings".
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

struct Sample {
  double first_token = 0;  // seconds from the question to the first token
  double prompt_rate = 0;  // tokens per second, as the engine measures it
  double rate = 0;         // tokens per second, from the end of the prompt until the last one is here
};

struct SampleWish {
  std::string model;
  std::vector<std::uint32_t> prompt;  // tokens
  std::uint64_t tokens = 0;           // to generate
};

// Tokens out of the middle of a vocabulary, where no special ones are.
std::vector<std::uint32_t> random_prompt(std::uint64_t length, std::uint64_t vocabulary, std::mt19937_64& chance);

// Code::network: the answer is not one to this; otherwise as stream_from_server().
Result<Sample> take_sample(const fs::path& socket, const SampleWish& wish, const std::stop_token& stop);

struct Spread {
  double median = 0, least = 0, most = 0;
};
Spread spread_of(std::vector<double> values);  // at least one

}  // namespace eai::cli
