// The pool and the KV caches of unloaded models: saved before an engine goes, read back when it comes again, so that a
// conversation goes on without its beginning being computed once more.
#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>

#include "engine/pool_impl.h"
#include "util/log.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {

constexpr std::string_view k_ending = ".kv";

// Oldest first, until the rest is within the limit.
void keep_within(const fs::path& folder, std::uint64_t limit) {
  std::error_code error;
  std::vector<fs::directory_entry> files;
  std::uint64_t total = 0;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == k_ending) {
      files.push_back(entry);
      total += entry.file_size(error);
    }
  std::ranges::sort(files, {}, [&](const fs::directory_entry& entry) { return entry.last_write_time(error); });
  for (const auto& entry : files) {
    if (total <= limit) return;
    total -= entry.file_size(error);
    fs::remove(entry.path(), error);
  }
}

}  // namespace

void remove_slots(const fs::path& slot_folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(slot_folder, error))
    if (entry.path().extension() == k_ending) files.push_back(entry.path());
  for (const fs::path& file : files) fs::remove(file, error);
}

// What an earlier server left is of no use: nobody knows which engine wrote it.
void PoolImpl::prepare_slot_folder() const {
  if (options.slot_folder.empty()) return;
  if (auto made = make_folders(options.slot_folder, 0700); !made) log::error("{}", made.error().message);
  remove_slots(options.slot_folder);
}

void PoolImpl::forget_slots(const Served& model) const {
  std::error_code ignored;
  for (std::uint32_t slot = 0; slot < model.found.launch.slots && !options.slot_folder.empty(); ++slot)
    fs::remove(options.slot_folder / slot_file(model, slot), ignored);
}

// An engine with a projector refuses to save; a cache that alone is over the limit would only be thrown away.
bool PoolImpl::keeps_slots(const Served& model) const {
  return !options.slot_folder.empty() && model.spec.task == model::Task::chat && !model.spec.projector &&
         model.found.memory.context <= options.slot_limit;
}

// The name tells model, context and slots: another layout of the cache is never read back.
std::string PoolImpl::slot_file(const Served& model, std::uint32_t slot) {
  std::string name = model.measured_key;
  std::ranges::replace_if(
      name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '-');
  return name + "-" + std::to_string(slot) + std::string(k_ending);
}

// How many tokens the engine saved or read back; 0 if it did not, nothing if it does not answer.
asio::awaitable<std::optional<std::int64_t>> PoolImpl::ask_slot(std::string socket, std::uint32_t slot,
                                                                std::string action, std::string file) {
  const std::string body = boost::json::serialize(boost::json::object{{"filename", file}});
  const std::string target = "/slots/" + std::to_string(slot) + "?action=" + action;
  http::Ask ask;
  ask.method = "POST";
  ask.target = target;
  ask.content_type = "application/json";
  ask.body = body;
  ask.head_timeout = options.slot_deadline;
  const auto reply = co_await client.fetch(std::move(socket), std::move(ask));
  if (!reply) co_return std::nullopt;
  if (reply->status != 200) co_return 0;
  boost::system::error_code error;
  const auto value = boost::json::parse(reply->body, error);
  if (error || !value.is_object()) co_return 0;
  const auto* count = value.get_object().if_contains(action == "save" ? "n_saved" : "n_restored");
  co_return count != nullptr && count->is_int64() ? count->get_int64() : 0;
}

asio::awaitable<void> PoolImpl::save_slots_and_stop(ModelIndex index, Run run) {
  const auto self = shared_from_this();
  Served& model = *served[index];
  std::optional<std::int64_t> saved = 0;
  for (std::uint32_t slot = 0; slot < model.found.launch.slots; ++slot) {
    const std::string file = slot_file(model, slot);
    if (saved) saved = co_await ask_slot(model.socket, slot, "save", file);
    if (closed || model.run != run || !model.engine) co_return;
    std::error_code ignored;
    if (saved.value_or(0) == 0) fs::remove(options.slot_folder / file, ignored);
  }
  model.engine->stop();
  asio::post(helper, [folder = options.slot_folder, limit = options.slot_limit] { keep_within(folder, limit); });
}

asio::awaitable<void> PoolImpl::restore_slots_and_serve(ModelIndex index, Run run) {
  const auto self = shared_from_this();
  Served& model = *served[index];
  std::optional<std::int64_t> restored = 0;
  for (std::uint32_t slot = 0; slot < model.found.launch.slots; ++slot) {
    const std::string file = slot_file(model, slot);
    std::error_code ignored;
    if (!fs::exists(options.slot_folder / file, ignored)) continue;
    if (restored) restored = co_await ask_slot(model.socket, slot, "restore", file);
    if (closed || model.run != run || !model.engine) co_return;
    fs::remove(options.slot_folder / file, ignored);  // it is used once; the next unload writes a newer one
    if (restored) log::info("{} has {} tokens of an earlier conversation back", model.spec.folder_name, *restored);
  }
  serve(index, run);
}

}  // namespace eai::engine
