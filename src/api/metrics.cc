#include "api/metrics.h"

#include <iterator>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "engine/process.h"

namespace eai::api {
namespace {

// Writes one metric after the other.
class Page {
 public:
  std::string text;

  void head(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(out_, "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  }
  template <typename Number>
  void line(std::string_view name, std::string_view labels, Number value) {
    fmt::format_to(out_, "{}{}{}{} {}\n", name, labels.empty() ? "" : "{", labels, labels.empty() ? "" : "}", value);
  }
  template <typename Number>
  void plain(std::string_view name, std::string_view type, std::string_view help, Number value) {
    head(name, type, help);
    line(name, "", value);
  }
  void histogram(std::string_view name, const std::string& labels, const Histogram& of) {
    const std::string bucket = std::string(name) + "_bucket";
    for (std::size_t i = 0; i < of.up_to.size(); ++i)
      line(bucket, fmt::format("{},le=\"{}\"", labels, Histogram::k_bounds[i]), of.up_to[i]);
    line(bucket, labels + ",le=\"+Inf\"", of.count);
    line(std::string(name) + "_sum", labels, of.sum);
    line(std::string(name) + "_count", labels, of.count);
  }

 private:
  std::back_insert_iterator<std::string> out_{text};
};

std::string label(std::string_view name, std::string_view value) { return fmt::format("{}=\"{}\"", name, value); }

void print_pool(Page& page, const std::vector<engine::ModelStatus>& models, const engine::PoolStatus& totals) {
  using Status = engine::ModelStatus;
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    page.head(name, type, help);
    for (const Status& model : models) page.line(name, label("model", model.spec.id), value(model));
  };
  page.head("eai_model_info", "gauge", "A served model; always 1.");
  for (const Status& model : models) {
    const std::string labels = label("model", model.spec.id) + "," + label("task", name_of(model.spec.task));
    page.line("eai_model_info", labels, 1);
  }
  each("eai_model_ready", "gauge", "1 if the model's engine is ready.",
       [](const Status& m) { return m.state == engine::State::ready ? 1 : 0; });
  each("eai_model_answering", "gauge", "Requests that use the model now.", [](const Status& m) { return m.leases; });
  each("eai_model_waiting", "gauge", "Requests that wait for the model.", [](const Status& m) { return m.queued; });
  each("eai_model_loads_total", "counter", "Starts of the model's engine.", [](const Status& m) { return m.starts; });
  each("eai_model_crashes_total", "counter", "Engines of the model that ended by themselves.",
       [](const Status& m) { return m.crashes; });
  each("eai_model_load_seconds", "gauge", "What the last load took.",
       [](const Status& m) { return m.last_load_seconds; });
  each("eai_model_memory_bytes", "gauge", "Memory of the running engine, some seconds old.",
       [](const Status& m) { return m.memory_now; });
  each("eai_model_memory_need_bytes", "gauge", "Memory that the model takes once its context is full.",
       [](const Status& m) { return m.memory_need; });
  page.plain("eai_memory_budget_bytes", "gauge", "For all engines together.", totals.budget);
  page.plain("eai_memory_used_bytes", "gauge", "Counted for engines that run.", totals.used);
  page.plain("eai_switches_total", "counter", "Loads for which another model had to go first.", totals.switches);
  page.plain("eai_evictions_total", "counter", "Models that went to make room for another.", totals.evictions);
}

}  // namespace

void Histogram::note(std::chrono::steady_clock::duration took) {
  const double seconds = std::chrono::duration<double>(took).count();
  for (std::size_t i = 0; i < k_bounds.size(); ++i) {
    if (seconds <= k_bounds[i]) ++up_to[i];
  }
  ++count;
  sum += seconds;
}

void Metrics::note(const Record& record) {
  const auto key = std::tie(record.path, record.status, record.model);
  const auto counted = requests_.find(key);
  ++(counted == requests_.end() ? requests_.emplace(key, 0).first : counted)->second;
  took_[record.path].note(Record::Clock::now() - record.begun);
  bytes_ += record.bytes;
  if (!record.whole) ++left_;
  if (record.model.empty()) return;
  ModelCounts& model = models_[record.model];
  model.prompt_tokens += record.usage.prompt;
  model.generated_tokens += record.usage.generated;
  if (record.usage.per_second > 0) model.tokens_per_second = record.usage.per_second;
  if (record.first_token) model.first_token.note(*record.first_token);
}

void Metrics::note_pictures(std::uint64_t count, bool fetched, std::uint64_t bytes) {
  (fetched ? pictures_ : lost_pictures_) += count;
  picture_bytes_ += bytes;
}

const ModelCounts* Metrics::of(const std::string& model) const {
  const auto found = models_.find(model);
  return found == models_.end() ? nullptr : &found->second;
}

std::string Metrics::prometheus(const std::vector<engine::ModelStatus>& models,
                                const engine::PoolStatus& totals) const {
  Page page;
  page.head("eai_requests_total", "counter", "Requests, by the status that was sent; 0: the client left before.");
  for (const auto& [key, count] : requests_) {
    const auto& [path, status, model] = key;
    page.line("eai_requests_total",
              label("path", path) + "," + label("status", std::to_string(status)) + "," + label("model", model), count);
  }
  page.head("eai_request_seconds", "histogram", "From the whole request to the end of its answer.");
  for (const auto& [path, histogram] : took_) page.histogram("eai_request_seconds", label("path", path), histogram);
  page.head("eai_first_token_seconds", "histogram", "From the whole request to the engine's first event of a stream.");
  for (const auto& [id, model] : models_)
    page.histogram("eai_first_token_seconds", label("model", id), model.first_token);
  page.head("eai_tokens_total", "counter", "Tokens that engines read (prompt) and wrote (generated).");
  for (const auto& [id, model] : models_) {
    page.line("eai_tokens_total", label("model", id) + ",kind=\"prompt\"", model.prompt_tokens);
    page.line("eai_tokens_total", label("model", id) + ",kind=\"generated\"", model.generated_tokens);
  }
  page.head("eai_tokens_per_second", "gauge", "Speed of writing in the last answer.");
  for (const auto& [id, model] : models_)
    page.line("eai_tokens_per_second", label("model", id), model.tokens_per_second);
  page.plain("eai_clients_left_total", "counter", "Requests whose client left before the end.", left_);
  page.plain("eai_answer_bytes_total", "counter", "Bytes of the bodies of answers.", bytes_);
  page.head("eai_remote_pictures_total", "counter", "Pictures by address, fetched or not.");
  page.line("eai_remote_pictures_total", "outcome=\"fetched\"", pictures_);
  page.line("eai_remote_pictures_total", "outcome=\"failed\"", lost_pictures_);
  page.plain("eai_remote_picture_bytes_total", "counter", "Bytes of fetched pictures, as they are passed on.",
             picture_bytes_);
  print_pool(page, models, totals);
  const engine::MemoryUse own = engine::memory_of(::getpid());
  page.plain("process_resident_memory_bytes", "gauge", "Memory of the server itself.", own.own + own.mapped);
  return std::move(page.text);
}

}  // namespace eai::api
