// What is served here, as JSON: for clients (/v1/models) and for the command line (/eai/status).
#include <ctime>

#include <boost/json.hpp>
#include <unistd.h>

#include "api/api_error.h"
#include "api/core.h"
#include "http/target.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

std::int64_t seconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

const engine::ModelStatus* status_of(const std::vector<engine::ModelStatus>& all, std::string_view id) {
  for (const auto& status : all) {
    if (status.spec.id == id) return &status;
  }
  return nullptr;
}

double gigabytes(std::uint64_t bytes) {
  const std::uint64_t hundredths = bytes / 10'000'000;
  return static_cast<double>(hundredths) / 100;
}

// RFC 3339: "2026-01-31T12:00:00Z".
std::string utc_text(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

// OpenAI's fields, those of the Python tool, Anthropic's, then ours. A model that is listed by its name says its hash as well.
json::object model_json(const ServedModel& model, Found::By by, const engine::ModelStatus* status) {
  json::object out{{"id", by == Found::By::hash ? model.id : model.folder_name},
                   {"object", "model"},
                   {"created", seconds_of(model.created)},
                   {"owned_by", "user"},
                   {"root", model.folder_name},
                   {"folder_name", model.folder_name}};
  if (by == Found::By::name) out["hash"] = model.id;
  if (model.ram_gb) {
    out["ram"] = *model.ram_gb;
  } else {
    out["ram"] = status != nullptr && status->memory_need > 0 ? json::value(gigabytes(status->memory_need)) : nullptr;
  }
  out["task"] = name_of(model.task);
  out["type"] = "model";
  out["display_name"] = model.folder_name;
  out["created_at"] = utc_text(model.created);
  json::array capabilities;
  if (model.has_projector) capabilities.emplace_back("vision");
  if (status != nullptr) {
    if (status->tools) capabilities.emplace_back("tools");
    out["state"] = engine::name_of(status->state);
    if (status->context > 0) out["context_length"] = status->context;
    out["memory"] = status->memory_now;
  }
  out["capabilities"] = std::move(capabilities);
  return out;
}

// The sum whose total is `memory_estimated`, bytes.
json::object arithmetic_json(const engine::MemoryEstimate& memory) {
  return {{"weights", memory.weights},     {"context", memory.context},       {"compute", memory.compute},
          {"projector", memory.projector}, {"companions", memory.companions}, {"prompt_cache", memory.prompt_cache},
          {"process", memory.process}};
}

json::object status_json(const engine::ModelStatus& status, const ModelCounts* counts, bool is_main) {
  json::object out{{"id", status.spec.id},
                   {"folder_name", status.spec.folder_name},
                   {"task", name_of(status.spec.task)},
                   {"main", is_main},
                   {"state", engine::name_of(status.state)},
                   {"pid", status.pid},
                   {"leases", status.leases},
                   {"queued", status.queued},
                   {"context_length", status.context},
                   {"slots", status.slots},
                   {"memory_estimated", status.memory_estimated},
                   {"memory_arithmetic", arithmetic_json(status.memory)},
                   {"memory_note", status.memory.note},
                   {"memory_need", status.memory_need},
                   {"memory_now", status.memory_now},
                   {"memory_peak", status.memory_peak},
                   {"starts", status.starts},
                   {"crashes", status.crashes},
                   {"requests", status.requests},
                   {"last_load_seconds", status.last_load_seconds},
                   {"last_failure", status.last_failure}};
  out["prompt_tokens"] = counts != nullptr ? counts->prompt_tokens : 0;
  out["generated_tokens"] = counts != nullptr ? counts->generated_tokens : 0;
  out["tokens_per_second"] = counts != nullptr ? counts->tokens_per_second : 0;
  if (status.ready_since != std::chrono::system_clock::time_point{})
    out["ready_since"] = seconds_of(status.ready_since);
  if (status.last_used != std::chrono::system_clock::time_point{}) out["last_used"] = seconds_of(status.last_used);
  return out;
}

http::Reply json_reply(const json::object& body) {
  return {200, {{"content-type", "application/json"}}, shown_json(json::serialize(body))};
}

}  // namespace

http::Reply models_reply(const Core& core) {
  const auto status = core.pool.status();
  json::array data;
  const auto list = [&](const ServedModel& model, Found::By by) {
    data.push_back(model_json(model, by, status_of(status, model.id)));
  };
  for (const ServedModel& model : core.served) list(model, Found::By::hash);
  // Clients offer for choice what stands under "id", so each accepted name is an entry too, after all hashes.
  if (core.options.select.names == NameRule::names) {
    for (const ServedModel& model : core.served) {
      const Found found = find_served(core.served, model.folder_name, NameRule::names);
      if (found.model == &model) list(model, found.by);
    }
  }
  json::value first = data.empty() ? json::value() : data.front().at("id");
  json::value last = data.empty() ? json::value() : data.back().at("id");
  return json_reply({{"object", "list"},
                     {"data", std::move(data)},
                     {"has_more", false},  // these three are Anthropic's
                     {"first_id", std::move(first)},
                     {"last_id", std::move(last)}});
}

http::Reply model_reply(const Core& core, std::string_view asked, Style style) {
  const std::string id = http::decoded(asked);
  const Found found = find_served(core.served, id, core.options.select.names);
  if (found.model != nullptr)
    return json_reply(model_json(*found.model, found.by, status_of(core.pool.status(), found.model->id)));
  return error_reply(404, "invalid_request_error", "no model '" + printable(id, 100) + "' is served here",
                     "model_not_found", style);
}

http::Reply status_reply(const Core& core) {
  json::array models;
  bool is_main = true;
  for (const auto& status : core.pool.status()) {
    models.push_back(status_json(status, core.metrics.of(status.spec.id), is_main));
    is_main = false;
  }
  engine::PoolStatus totals = core.pool.totals();
  json::object out{{"pid", ::getpid()},
                   {"version", core.options.version},
                   {"started", seconds_of(core.started)},
                   {"memory", json::object{{"budget", totals.budget},
                                           {"budget_source", totals.budget_source},
                                           {"used", totals.used},
                                           {"now", totals.taken},
                                           {"full", totals.full}}},
                   {"switches", totals.switches},
                   {"evictions", totals.evictions},
                   {"models", std::move(models)}};
  if (core.options.share.status) out["share"] = core.options.share.status();
  return json_reply(out);
}

http::Reply unload_reply(Core& core, std::string_view asked) {
  const std::string id = http::decoded(asked);
  core.pool.unload(id);
  const auto all = core.pool.status();
  const engine::ModelStatus* status = status_of(all, id);
  if (status == nullptr)
    return error_reply(404, "invalid_request_error", "no model '" + printable(id, 100) + "' is served here",
                       "model_not_found", Style::openai);
  return json_reply({{"id", id}, {"state", engine::name_of(status->state)}, {"leases", status->leases}});
}

http::Reply metrics_reply(const Core& core) {
  return {200,
          {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}},
          core.metrics.prometheus(core.pool.status(), core.pool.totals()) +
              (core.options.share.metrics ? core.options.share.metrics() : std::string())};
}

}  // namespace eai::api
