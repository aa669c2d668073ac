// Why: numbers for people who watch the server: Prometheus, and `eai model status`.
// Thread: the io_context's.
// What holds: there are only counts, and labels are names of our own routes, hashes of served models and statuses, so
// that no client can make the list grow without end.
// Source: Prometheus' text exposition format 0.0.4.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "api/exchange.h"
#include "engine/pool.h"

namespace eai::api {

struct Histogram {
  static constexpr std::array k_bounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0};
  std::array<std::uint64_t, k_bounds.size()> up_to{};  // how many took at most so many seconds
  std::uint64_t count = 0;
  double sum = 0;  // seconds
  void note(std::chrono::steady_clock::duration took);
};

struct ModelCounts {
  std::uint64_t prompt_tokens = 0, generated_tokens = 0;
  double tokens_per_second = 0;  // of the last answer that told
  Histogram first_token;
};

class Metrics {
 public:
  void note(const Record& record);
  void note_pictures(std::uint64_t count, bool fetched, std::uint64_t bytes);  // those of a request, by address
  const ModelCounts* of(const std::string& model) const;
  // All of it, and what the pool knows.
  std::string prometheus(const std::vector<engine::ModelStatus>& models, const engine::PoolStatus& totals) const;

 private:
  std::map<std::tuple<std::string_view, int, std::string>, std::uint64_t, std::less<>>
      requests_;                                // path, status, model
  std::map<std::string_view, Histogram> took_;  // by path
  std::map<std::string, ModelCounts> models_;
  std::uint64_t left_ = 0;  // clients that went before the end of their answer
  std::uint64_t bytes_ = 0;
  std::uint64_t pictures_ = 0, lost_pictures_ = 0, picture_bytes_ = 0;
};

}  // namespace eai::api
