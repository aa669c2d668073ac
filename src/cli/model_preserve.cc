// `eai model preserve`
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <thread>

#include <boost/json.hpp>

#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/resolve.h"
#include "preserve/preserve.h"
#include "store/clone_file.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::optional<double>> parse_ram(const std::string& text) {
  if (text.empty()) return std::optional<double>();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0) || value > 1e6) {
    return fail(Code::invalid, "--ram " + printable(text, 40) + " is not a number of gigabytes");
  }
  return std::optional(value);
}

Result<preserve::Folder> open_folder(const Context& context) {
  const std::string& word = context.words.folder.empty() ? context.config.preserve_folder : context.words.folder;
  if (word.empty()) return fail(Code::invalid, "say which folder: eai model preserve --folder-path <folder>");
  std::optional<content::Task> task;
  if (!context.config.task.empty()) {
    EAI_TRY(task, content::parse_task(context.config.task));
  }
  EAI_TRY(const std::optional<double> ram, parse_ram(context.config.ram));
  return preserve::open_folder(word, task, ram);
}

fs::path block_lists(const Context& context) { return context.folders.home / "preserve" / "blocks"; }

preserve::Options options_of(const Context& context) {
  const Config& config = context.config;
  preserve::Options out;
  out.format = config.format == "unixfs" ? content::Format::unixfs : content::Format::archive;
  if (config.layout == "fixed") out.layout = content::Layout::fixed;
  if (config.layout == "tensor") out.layout = content::Layout::tensor;
  out.part_size = config.zip_chunk_size * k_mib;
  out.threads = static_cast<unsigned>(config.threads);
  out.hf_repo = config.hf_repo;
  out.hf_file = config.hf_file;
  out.config_name = config.config_name;
  out.lora = config.lora;
  out.dry_run = config.dry_run;
  out.resume = config.resume;
  out.work_folder = context.folders.home / "preserve";
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(block_lists(context), none)) out.known.push_back(entry.path());
  return out;
}

Result<preserve::Homes> homes_of(const Context& context, std::stop_token stop, preserve::Monitor& monitor) {
  const Config& config = context.config;
  preserve::HomeSettings settings;
  settings.lighthouse_key = from_environment("LIGHTHOUSE_API_KEY");
  settings.lighthouse_upload = config.lighthouse_upload;
  settings.lighthouse_api = config.lighthouse_api;
  settings.kubo_api = config.kubo_api;
  settings.pinning_key = from_environment("EAI_PINNING_KEY");
  settings.providers = config.providers;
  settings.tries.max_retries = static_cast<int>(config.max_retries);
  settings.tries.stall = std::chrono::seconds(config.upload_timeout);
  settings.tries.on_trouble = [&monitor](const std::string& trouble) {
    monitor.change([&](preserve::Progress& p) {
      for (auto& home : p.homes) {
        if (trouble.starts_with(home.name + ":")) home.trouble = trouble;
      }
    });
  };
  settings.stop = std::move(stop);
  std::vector<std::string> words = config.homes;
  if (config.offline && !config.dry_run)
    return fail(Code::invalid, "--offline opens no connection; only --dry-run works with it");
  if (words.empty() && !config.dry_run) words = {"lighthouse"};
  if (config.dry_run) {
    // Only a node that can say what it has is asked, and it is sent nothing.
    std::erase_if(words, [](const std::string& word) { return !word.starts_with("kubo"); });
  }
  return preserve::make_homes(words, settings);
}

// Shows how far it is until it goes; the only one that prints meanwhile.
class Watcher {
 public:
  Watcher(const preserve::Monitor& monitor, std::string label, Output& out)
      : monitor_(monitor), label_(std::move(label)), out_(out), thread_([this](std::stop_token stop) { run(stop); }) {}

 private:
  void run(const std::stop_token& stop) {
    ProgressDisplay display(out_);
    RateMeter packed, sent;
    std::mutex mutex;
    std::condition_variable_any tick;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      tick.wait_for(lock, stop, std::chrono::milliseconds(200), [] { return false; });
      const preserve::Progress now = monitor_.read();
      Bar bar{label_, "", now.done, now.total, 0, {}, {}};
      std::size_t in_flight = 0;
      std::uint64_t out = 0, all = 0;
      for (const auto& home : now.homes) {
        in_flight += home.in_flight;
        out += home.sent;
        all += home.total;
        if (!home.trouble.empty()) bar.troubles.push_back(home.trouble);
        if (out_.json()) {
          out_.event(json::object{{"event", "progress"},
                                  {"phase", now.phase},
                                  {"home", home.name},
                                  {"sent", home.sent},
                                  {"in_flight", home.in_flight},
                                  {"packed", now.done},
                                  {"total", now.total}});
        }
      }
      // While parts go out that is what takes the time.
      const bool sending = all > 0;
      RateMeter& meter = sending ? sent : packed;
      if (sending && now.phase == "sending") {
        bar.done = out;
        bar.total = all;
      }
      meter.update(sending ? out : now.done);
      bar.bytes_per_second = meter.bytes_per_second();
      bar.time_left = meter.time_left(bar.done, bar.total);
      if (in_flight > 0) bar.label = label_ + ", " + std::to_string(in_flight) + " in flight";
      display.show(bar);
    }
  }

  const preserve::Monitor& monitor_;
  std::string label_;
  Output& out_;
  std::jthread thread_;
};

// The store's model is the user's own files under a second name; a copy only where the file system has no links.
Result<std::string> take_into_store(const Context& context, const preserve::Folder& folder,
                                    const preserve::Outcome& outcome, const std::stop_token& stop) {
  EAI_TRY(const store::Store store, store::Store::open(context.folders.home));
  EAI_TRY(const store::ModelLock lock, store.lock(outcome.hash, FileLock::Wait::yes));
  if (store.find(outcome.hash)) return std::string("it was there");
  EAI_TRY(const fs::path partial, store.partial_folder(lock));
  const bool text = folder.task == content::Task::chat || folder.task == content::Task::embed;
  store::CloneWay way = store::CloneWay::hard_link;
  std::vector<store::StoredFile> files;
  auto ignore = [](std::uint64_t) {};
  for (const auto& source : folder.files) {
    std::string name = "payload/" + source->name();
    if (text) name = source->name() == folder.name ? "model.gguf" : "projector.gguf";
    const fs::path to = partial / name;
    EAI_CHECK(make_folders(to.parent_path(), 0700));
    EAI_CHECK(eai::remove_all(to));
    EAI_TRY(const store::CloneWay used, store::clone_file(source->path(), to, ignore, stop));
    way = std::max(way, used);
    EAI_TRY(const content::Sha256 hash, store::hash_file(to, ignore, stop));
    files.push_back({name, source->size(), hash});
  }
  EAI_CHECK(preserve::still_same(folder.files));
  EAI_CHECK(store.commit(lock, view_of(outcome.metadata_json), store::Origin::preserved, files));
  return "by " + std::string(store::name_of(way));
}

void tell(const preserve::Outcome& outcome, const Context& context) {
  Output& out = context.out;
  const bool archive = outcome.metadata.format == content::Format::archive;
  json::array files;
  for (const auto& file : outcome.metadata.files) {
    files.push_back(json::object{{"name", file.file_name}, {"cid", file.cid.str()}, {"bytes", file.size}});
    if (!out.quiet()) out.line(file.cid.str() + "  " + human_bytes(file.size) + "  " + file.file_name);
  }
  json::object event{{"event", context.config.dry_run ? "dry_run" : "preserved"},
                     {"hash", outcome.hash.str()},
                     {"name", outcome.metadata.folder_name},
                     {"bytes", outcome.bytes},
                     {"payload", outcome.payload},
                     {"stored", outcome.stored},
                     {"sent", outcome.sent},
                     {"resumed", outcome.resumed},
                     {"profile", outcome.profile},
                     {"files", std::move(files)}};
  if (outcome.new_here) event["new_here"] = *outcome.new_here;
  json::object new_at;
  for (const auto& [home, bytes] : outcome.new_at) new_at[home] = bytes;
  if (!new_at.empty()) event["new_at"] = std::move(new_at);
  out.event(event);
  if (out.quiet()) return;
  std::string line = human_bytes(outcome.bytes) + " in the folder, " + human_bytes(outcome.payload) + " to keep";
  if (archive) {
    const std::uint64_t share =
        outcome.bytes == 0 ? 0 : std::min<std::uint64_t>(100, outcome.stored * 100 / outcome.bytes);
    line += "; " + std::to_string(share) + "% stored as it is, because packing would gain less than 4%";
  }
  out.line(line);
  if (outcome.new_here) out.line(human_bytes(*outcome.new_here) + " are in no model that was preserved here before");
  for (const auto& [home, bytes] : outcome.new_at) out.line(human_bytes(bytes) + " new at " + home);
  if (outcome.resumed > 0) out.line(human_bytes(outcome.resumed) + " had been sent by an earlier run");
}

Result<void> leave_copy(const Context& context, const preserve::Outcome& outcome) {
  const fs::path copy = outcome.metadata.folder_name + "_metadata.json";
  EAI_CHECK(write_file_atomic(copy, view_of(outcome.metadata_json), 0644));
  context.out.note("The metadata is in " + copy.string());
  return {};
}

}  // namespace

Result<int> model_preserve(Context& context) {
  Interrupt interrupt;
  std::stop_source stop;
  const std::stop_callback pass_on(interrupt.token(), [&] { stop.request_stop(); });
  preserve::Monitor monitor;
  EAI_TRY(const preserve::Homes homes, homes_of(context, stop.get_token(), monitor));
  EAI_TRY(const preserve::Folder folder, open_folder(context));
  for (const std::string& note : folder.notes) context.out.note(note);
  const preserve::Options options = options_of(context);
  Result<preserve::Outcome> outcome = [&] {
    const Watcher watcher(monitor, folder.name, context.out);
    return preserve::preserve(folder, options, homes, monitor, stop);
  }();
  if (!outcome && interrupt.requested()) {
    context.out.note("Stopped. What is up stays up; the same command goes on from there.");
    return k_interrupted;
  }
  if (!outcome) return Failure(std::move(outcome).error());
  if (!options.dry_run) {
    EAI_CHECK(leave_copy(context, *outcome));
    if (!outcome->blocks.empty()) {
      EAI_CHECK(preserve::write_block_list(block_lists(context) / outcome->hash.str(), *outcome));
    }
    if (context.config.keep_here) {
      auto kept = take_into_store(context, folder, *outcome, interrupt.token());
      // The model is up: that this disk would not take it is no failure of that.
      context.out.note(kept ? "In the local store " + *kept : "Not in the local store: " + kept.error().message);
    }
  }
  tell(*outcome, context);
  context.out.line(outcome->hash.str());
  return 0;
}

}  // namespace eai::cli
