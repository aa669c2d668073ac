// `eai model preserve`
#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <thread>

#include <boost/json.hpp>

#include "cli/interrupt.h"
#include "cli/lora.h"
#include "cli/progress.h"
#include "cli/resolve.h"
#include "preserve/preserve.h"
#include "store/clone_file.h"
#include "util/error_map.h"
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

// Models that came here in another way than by `preserve --format unixfs` have no list of such blocks yet: they are read
// once, and remembered.
Result<void> list_blocks_of_store(const Context& context, const preserve::Folder& folder, const std::stop_token& stop) {
  std::error_code none;
  if (!fs::exists(context.folders.home / "models", none)) return {};
  const bool has_gguf =
      std::any_of(folder.ggufs.begin(), folder.ggufs.end(), [](const auto& gguf) { return gguf.has_value(); });
  const bool tensor = context.config.layout.empty() ? has_gguf : context.config.layout == "tensor";
  EAI_TRY(const store::Store store, store::Store::open(context.folders.home));
  EAI_TRY(const store::Contents contents, store.list());
  for (const store::Model& model : contents.models) {
    const fs::path list = block_lists(context) / (model.id.str() + (tensor ? ".tensor" : ".fixed"));
    if (fs::exists(list, none)) continue;
    context.out.note("Reading " + model.metadata.folder_name + " once, to know its blocks");
    preserve::SourceFiles files;
    for (const store::StoredFile& file : model.files) {
      EAI_TRY(auto opened, preserve::SourceFile::open(model.folder, file.name));
      files.push_back(std::move(opened));
    }
    const auto layout = tensor ? content::Layout::tensor : content::Layout::fixed;
    EAI_TRY(const auto blocks,
            preserve::unixfs_blocks(files, layout, static_cast<unsigned>(context.config.threads), stop));
    EAI_CHECK(preserve::write_block_list(list, blocks));
  }
  return {};
}

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
  settings.pin_timeout = std::chrono::seconds(config.pin_timeout);
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
        if (!home.trouble.empty()) bar.troubles.push_back({home.trouble});
        if (out_.json()) {
          out_.event(json::object{{"event", "progress"},
                                  {"phase", now.phase},
                                  {"home", home.name},
                                  {"sent", home.sent},
                                  {"to_send", home.total},
                                  {"in_flight", home.in_flight},
                                  {"trouble", home.trouble},
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
      bar.label = label_of(now, in_flight);
      display.show(bar);
    }
  }

  // "tiny, lighthouse 45%, kubo 80%, 3 in flight"
  std::string label_of(const preserve::Progress& now, std::size_t in_flight) const {
    std::string label = label_;
    for (const auto& home : now.homes) {
      if (now.homes.size() > 1 && home.total > 0) {
        label += ", " + home.name + " " + std::to_string(home.sent * 100 / home.total) + "%";
      }
    }
    if (in_flight > 0) label += ", " + std::to_string(in_flight) + " in flight";
    return label;
  }

  const preserve::Monitor& monitor_;
  std::string label_;
  Output& out_;
  std::jthread thread_;
};

// What the format unixfs hashed already; zeros where there is no such file.
content::Sha256 sha256_in(const preserve::Outcome& outcome, const std::string& name) {
  for (const auto& file : outcome.metadata.files) {
    if (file.file_name == name) return file.sha256;
  }
  return {};
}

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
    content::Sha256 hash = sha256_in(outcome, source->name());
    if (outcome.metadata.format == content::Format::archive) {
      EAI_TRY(hash, store::hash_file(to, ignore, stop));
    }
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
  event["new_here"] = outcome.new_here;
  json::object new_at;
  for (const auto& [home, bytes] : outcome.new_at) new_at[home] = bytes;
  if (!new_at.empty()) event["new_at"] = std::move(new_at);
  json::array failed;
  for (const auto& failure : outcome.failures) {
    failed.push_back(
        json::object{{"home", failure.home}, {"code", name_of(failure.error.code)}, {"why", failure.error.message}});
  }
  event["failed"] = std::move(failed);
  out.event(event);
  if (out.quiet()) return;
  std::string line = human_bytes(outcome.bytes) + " in the folder, " + human_bytes(outcome.payload) + " to keep";
  if (archive) {
    const std::uint64_t share =
        outcome.bytes == 0 ? 0 : std::min<std::uint64_t>(100, outcome.stored * 100 / outcome.bytes);
    line += "; " + std::to_string(share) + "% stored as it is, because packing would gain less than 4%";
  }
  out.line(line);
  out.line(human_bytes(outcome.new_here) + " are in no model that is known here");
  for (const auto& [home, bytes] : outcome.new_at) out.line(human_bytes(bytes) + " new at " + home);
  if (outcome.resumed > 0) out.line(human_bytes(outcome.resumed) + " had been sent by an earlier run");
}

Result<void> leave_copy(const Context& context, const preserve::Outcome& outcome) {
  const fs::path copy = outcome.metadata.folder_name + "_metadata.json";
  EAI_CHECK(write_file_atomic(copy, view_of(outcome.metadata_json), 0644));
  context.out.note("The metadata is in " + copy.string());
  return {};
}

// What is left on this machine. The journal goes last: a run that is killed before is gone on with, not begun anew.
Result<void> settle_here(const Context& context, const preserve::Folder& folder, const preserve::Outcome& outcome,
                         const std::stop_token& stop) {
  EAI_CHECK(leave_copy(context, outcome));
  EAI_CHECK(preserve::write_block_list(block_lists(context) / outcome.hash.str(), outcome.blocks));
  if (context.config.keep_here) {
    auto kept = take_into_store(context, folder, outcome, stop);
    // The model is up: that this disk would not take it is no failure of that.
    context.out.note(kept ? "In the local store " + *kept : "Not in the local store: " + kept.error().message);
  }
  if (outcome.failures.empty()) EAI_CHECK(outcome.journal->remove());
  return {};
}

bool sends_to_lighthouse(const Context& context) {
  const auto& homes = context.config.homes;
  return context.config.format == "archive" &&
         (homes.empty() || std::find(homes.begin(), homes.end(), "lighthouse") != homes.end());
}

// The exit status: of the first home that failed.
int tell_failures(const Context& context, const preserve::Outcome& outcome) {
  int status = 0;
  for (const preserve::HomeFailure& failure : outcome.failures) {
    const int own = face_of(failure.error.code).exit_status;
    if (status == 0) status = own;
    Error error = failure.error;
    context.out.error(std::move(error).with("not complete at " + failure.home), own);
  }
  if (status != 0 && !context.config.dry_run) {
    context.out.note("The other homes have all of it. The same command goes on with what is missing.");
  }
  return status;
}

}  // namespace

Result<int> model_preserve(Context& context) {
  Interrupt interrupt;
  std::stop_source stop;
  const std::stop_callback pass_on(interrupt.token(), [&] { stop.request_stop(); });
  preserve::Monitor monitor;
  EAI_TRY(const preserve::Folder folder, open_folder(context));
  if (context.config.lora) EAI_CHECK(check_lora_folder(folder.path));
  EAI_TRY(const preserve::Homes homes, homes_of(context, stop.get_token(), monitor));
  for (const std::string& note : folder.notes) context.out.note(note);
  if (context.config.dry_run && context.config.format == "unixfs") {
    auto listed = list_blocks_of_store(context, folder, interrupt.token());
    if (interrupt.requested()) return k_interrupted;
    EAI_CHECK(std::move(listed));
  }
  const preserve::Options options = options_of(context);
  Result<preserve::Outcome> outcome = [&] {
    const Watcher watcher(monitor, folder.name, context.out);
    return preserve::preserve(folder, options, homes, monitor, stop);
  }();
  if (!outcome && interrupt.requested()) {
    context.out.note("Stopped. What is up stays up; the same command goes on from there.");
    return k_interrupted;
  }
  if (!outcome) {
    if (!options.dry_run) context.out.note("What is up stays up; the same command goes on from there.");
    return Failure(std::move(outcome).error());
  }
  Result<void> settled;
  if (!options.dry_run) settled = settle_here(context, folder, *outcome, interrupt.token());
  tell(*outcome, context);
  if (context.config.dry_run && sends_to_lighthouse(context)) {
    context.out.note("Lighthouse may cut parts in a way of its own: then their CIDs and the hash are others.");
  }
  context.out.line(outcome->hash.str());
  const int status = tell_failures(context, *outcome);
  // Said last: the hash, which is worth more, is out.
  if (!settled) return Failure(std::move(settled).error());
  return status;
}

}  // namespace eai::cli
