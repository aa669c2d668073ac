#include "cli/download.h"

#include <boost/json.hpp>

#include "cli/lora.h"
#include "cli/progress.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;
using Phase = fetch::Progress::Phase;

// Empty: bytes are counted.
std::string phase_text(Phase phase) {
  switch (phase) {
    case Phase::waiting_for_other_process:
      return "waiting for another eai that downloads it";
    case Phase::metadata:
      return "asking for its metadata";
    case Phase::unpacking:
      return "unpacking";
    case Phase::syncing:
      return "writing to disk";
    case Phase::parts:
    case Phase::done:
      return "";
  }
  return "";
}

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::waiting_for_other_process:
      return "waiting";
    case Phase::metadata:
      return "metadata";
    case Phase::parts:
      return "parts";
    case Phase::unpacking:
      return "unpacking";
    case Phase::syncing:
      return "syncing";
    case Phase::done:
      return "done";
  }
  return "";
}

Bar to_bar(const std::string& label, const fetch::Progress& progress) {
  Bar bar{label,
          phase_text(progress.phase),
          progress.verified,
          progress.total,
          progress.bytes_per_second,
          progress.time_left,
          {}};
  for (const fetch::SourceProgress& source : progress.sources) {
    if (!source.trouble.empty()) bar.troubles.push_back({printable(source.name + ": " + source.trouble), source.wait});
  }
  return bar;
}

json::object to_event(const Asked& asked, const fetch::Progress& progress) {
  json::array sources;
  for (const fetch::SourceProgress& source : progress.sources) {
    json::object told{{"name", source.name},
                      {"bytes", source.bytes},
                      {"bytes_per_second", source.bytes_per_second},
                      {"trouble", source.trouble}};
    if (source.wait) told["wait_seconds"] = source.wait->count();
    sources.push_back(std::move(told));
  }
  json::object out{{"event", "progress"},           {"hash", asked.id.str()},
                   {"name", asked.label},           {"phase", phase_name(progress.phase)},
                   {"verified", progress.verified}, {"received", progress.received},
                   {"total", progress.total},       {"bytes_per_second", progress.bytes_per_second},
                   {"sources", std::move(sources)}};
  if (progress.time_left) out["seconds_left"] = progress.time_left->count();
  return out;
}

// What to do when no source has it.
std::string_view advice(const FetchSettings& settings) {
  if (settings.offline) {
    return ". With --offline no gateway is asked: leave that out, or name a folder that has the blocks with --blocks";
  }
  if (!settings.public_gateways) return ". Name another gateway with --gateway, or leave out --no-public-gateways";
  return ". The same command goes on from here later; --gateway names one more source";
}

}  // namespace

// Lighthouse keeps the preserved models; the others find what somebody else still has.
static const std::vector<std::string> k_public_gateways = {
    "https://gateway.lighthouse.storage", "https://trustless-gateway.link", "https://ipfs.io", "https://dweb.link"};

fetch::Sources sources_of(const Context& context) {
  const FetchSettings& settings = context.config.fetch;
  fetch::Sources out;
  for (const std::string& folder : settings.block_folders) out.block_folders.emplace_back(folder);
  out.block_folders.push_back(context.folders.shared / "blocks");
  out.gateways = settings.gateways;
  if (settings.public_gateways) {
    out.gateways.insert(out.gateways.end(), k_public_gateways.begin(), k_public_gateways.end());
  }
  return out;
}

fetch::Options options_of(const FetchSettings& settings) {
  fetch::Options out;
  out.parallel_requests = static_cast<int>(settings.connections);
  out.max_retries = static_cast<int>(settings.max_retries);
  out.offline = settings.offline;
  out.plain_http_anywhere = settings.plain_http;
  return out;
}

static Result<store::Model> bring_one(Context& context, const Library& library, const Asked& asked,
                                      const Interrupt& interrupt) {
  for (const store::Damaged& entry : library.contents.damaged) {
    if (entry.id == asked.id) context.out.note(printable(entry.why, 400) + "; it is fetched again");
  }
  ProgressDisplay display(context.out);
  auto on_progress = [&](const fetch::Progress& progress) {
    context.out.event(to_event(asked, progress));
    display.show(to_bar(asked.label, progress));
  };
  auto model = fetch::download(asked.id, library.store, sources_of(context), options_of(context.config.fetch),
                               on_progress, interrupt.token());
  if (model) return model;
  Error error = std::move(model).error().with(asked.label);
  if (error.code == Code::network) error.message += advice(context.config.fetch);
  return Failure(std::move(error));
}

Result<store::Model> bring(Context& context, Library& library, const Asked& asked, const Interrupt& interrupt) {
  library.store.sweep();
  EAI_TRY(store::Model model, bring_one(context, library, asked, interrupt));
  auto base = base_of(model);
  if (!base) return Failure(std::move(base).error().with(asked.label));
  if (*base) EAI_CHECK(bring_one(context, library, {**base, library.label_of(**base)}, interrupt));
  return model;
}

}  // namespace eai::cli
