#include "library/bring.h"

#include "library/lora.h"
#include "library/running.h"
#include "util/text.h"

namespace eai::library {
namespace {

// Lighthouse keeps the preserved models; the others find what somebody else still has.
const std::vector<std::string> k_public_gateways = {
    "https://gateway.lighthouse.storage", "https://trustless-gateway.link", "https://ipfs.io", "https://dweb.link"};

Phase phase_of(fetch::Progress::Phase phase) {
  using From = fetch::Progress::Phase;
  switch (phase) {
    case From::waiting_for_other_process:
      return Phase::waiting;
    case From::metadata:
      return Phase::metadata;
    case From::parts:
      return Phase::parts;
    case From::unpacking:
      return Phase::unpacking;
    case From::syncing:
      return Phase::syncing;
    case From::done:
      return Phase::done;
  }
  return Phase::done;
}

Progress progress_of(const Asked& asked, const fetch::Progress& now) {
  Progress out{asked.label,          asked.id.str(), phase_of(now.phase),
               now.verified,         now.total,      now.received,
               now.bytes_per_second, now.time_left,  {}};
  if (now.from_this_disk > 0) out.peers.push_back({.name = std::string(k_this_disk), .done = now.from_this_disk});
  for (const fetch::SourceProgress& source : now.sources) {
    out.peers.push_back({.name = source.name,
                         .done = source.bytes,
                         .bytes_per_second = source.bytes_per_second,
                         .trouble = source.trouble,
                         .wait = source.wait});
  }
  out.network_awaited = now.network_awaited;
  return out;
}

// What to do when no source has it.
Hint remedy_of(const FetchSettings& settings) {
  if (settings.offline) return Hint::go_online;
  return settings.public_gateways ? Hint::try_again : Hint::more_gateways;
}

Result<store::Model> bring_one(Library& library, const Asked& asked, const FetchSettings& settings, Feed& feed,
                               const std::stop_token& stop) {
  bool was_damaged = false;
  for (const store::Damaged& entry : library.contents.damaged) {
    if (entry.id != asked.id) continue;
    was_damaged = true;
    feed.note(printable(entry.why, 400) + "; downloading it again");
  }
  const auto on_progress = [&](const fetch::Progress& now) { feed.progress(progress_of(asked, now)); };
  auto model = fetch::download(asked.id, library.store, sources_of(settings, library.folders), options_of(settings),
                               on_progress, stop);
  if (model) {
    library.add(*model);
    if (was_damaged) tell_server(library.folders);
    return model;
  }
  Error error = std::move(model).error().with(asked.label);
  if (error.code == Code::network && error.hint == Hint::none) error.hint = remedy_of(settings);
  return Failure(std::move(error));
}

}  // namespace

fetch::Sources sources_of(const FetchSettings& settings, const Folders& folders) {
  fetch::Sources out;
  for (const std::string& folder : settings.block_folders) out.block_folders.emplace_back(folder);
  out.block_folders.push_back(shipped_blocks_of(folders));
  out.gateways = settings.gateways;
  out.others = settings.sources;
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

Result<store::Model> bring(Library& library, const Asked& asked, const FetchSettings& settings, Feed& feed,
                           const std::stop_token& stop) {
  library.store.sweep();
  EAI_TRY(store::Model model, bring_one(library, asked, settings, feed, stop));
  auto base = base_of(model);
  if (!base) return Failure(std::move(base).error().with(asked.label));
  if (*base) EAI_CHECK(bring_one(library, {**base, library.label_of(**base)}, settings, feed, stop));
  return model;
}

Result<fetch::Missing> measure(const Library& library, const Asked& asked, const FetchSettings& settings, Feed& feed,
                               const std::stop_token& stop) {
  const auto on_progress = [&](const fetch::Progress& now) { feed.progress(progress_of(asked, now)); };
  auto missing = fetch::measure(asked.id, library.store, sources_of(settings, library.folders), options_of(settings),
                                on_progress, stop);
  if (missing) return missing;
  Error error = std::move(missing).error().with(asked.label);
  if (error.code == Code::network && error.hint == Hint::none) error.hint = remedy_of(settings);
  return Failure(std::move(error));
}

}  // namespace eai::library
