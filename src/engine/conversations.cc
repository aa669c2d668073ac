#include "engine/conversations.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "util/log.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {

using Action = SlotProtocol::Action;

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

std::string file_name_of(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '-');
  return text;
}

// The name tells model, context and slots: another layout of the cache is never read back.
std::string slot_file(const ModelPlan& plan, std::uint32_t slot) {
  return file_name_of(plan.key()) + "-" + std::to_string(slot) + std::string(k_ending);
}

// The saved caches whose names begin with `prefix`.
std::vector<fs::path> files_in(const fs::path& folder, std::string_view prefix) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path& path = entry.path();
    if (path.extension() == k_ending && path.filename().string().starts_with(prefix)) files.push_back(path);
  }
  return files;
}

// How many tokens the engine saved or read back; 0 if it did not, nothing if it does not answer.
asio::awaitable<std::optional<std::int64_t>> ask(http::UnixClient& client, const SlotProtocol& protocol,
                                                 std::string socket, Action action, std::uint32_t slot,
                                                 std::string file, std::chrono::milliseconds deadline) {
  const SlotProtocol::Question question = protocol.question(action, slot, file);
  http::Ask ask;
  ask.method = "POST";
  ask.target = question.target;
  ask.content_type = "application/json";
  ask.body = question.body;
  ask.head_timeout = deadline;
  const auto reply = co_await client.fetch(std::move(socket), std::move(ask));
  if (!reply) co_return std::nullopt;
  co_return reply->status == 200 ? protocol.tokens(action, reply->body) : 0;
}

}  // namespace

Conversations::Conversations(fs::path folder, std::uint64_t limit, std::chrono::milliseconds deadline)
    : folder_(std::move(folder)), limit_(limit), deadline_(deadline) {
  prepare();
}

void Conversations::reload(fs::path folder, std::uint64_t limit, std::chrono::milliseconds deadline) {
  limit_ = limit;
  deadline_ = deadline;
  if (folder == folder_) return;
  clear();
  folder_ = std::move(folder);
  prepare();
}

// What an earlier server left is of no use: nobody knows which engine wrote it.
void Conversations::prepare() const {
  if (folder_.empty()) return;
  if (auto made = make_folders(folder_, 0700); !made) log::error("{}", made.error().message);
  clear();
}

void Conversations::clear() const {
  std::error_code ignored;
  for (const fs::path& file : files_in(folder_, "")) fs::remove(file, ignored);
}

// A key begins with the model's id and a slash (Measured::key_of).
void Conversations::forget_all(const fs::path& folder, const std::string& id) {
  std::error_code ignored;
  for (const fs::path& file : files_in(folder, file_name_of(id + "/"))) fs::remove(file, ignored);
}

bool Conversations::keeps(const ModelPlan& plan) const {
  const SlotProtocol* protocol = kind_of(plan.spec().task).slots;
  return !folder_.empty() && protocol != nullptr && protocol->keeps(plan.spec()) &&
         plan.found().memory.context <= limit_;
}

void Conversations::forget(const ModelPlan& plan) const {
  std::error_code ignored;
  for (std::uint32_t slot = 0; slot < plan.found().launch.slots && !folder_.empty(); ++slot)
    fs::remove(folder_ / slot_file(plan, slot), ignored);
}

asio::awaitable<void> Conversations::save(const ModelPlan& plan, std::shared_ptr<EngineLife> life,
                                          asio::thread_pool& helper) {
  const SlotProtocol& protocol = *kind_of(plan.spec().task).slots;
  const auto engine = life->engine();
  std::optional<std::int64_t> saved = 0;
  for (std::uint32_t slot = 0; slot < plan.found().launch.slots; ++slot) {
    const std::string file = slot_file(plan, slot);
    if (saved) saved = co_await ask(life->client(), protocol, life->socket(), Action::save, slot, file, deadline_);
    if (engine.expired()) co_return;
    std::error_code ignored;
    if (saved.value_or(0) == 0) fs::remove(folder_ / file, ignored);
  }
  asio::post(helper, [folder = folder_, limit = limit_] { keep_within(folder, limit); });
}

asio::awaitable<void> Conversations::restore(const ModelPlan& plan, std::shared_ptr<EngineLife> life) {
  const SlotProtocol& protocol = *kind_of(plan.spec().task).slots;
  const auto engine = life->engine();
  std::optional<std::int64_t> restored = 0;
  for (std::uint32_t slot = 0; slot < plan.found().launch.slots; ++slot) {
    const std::string file = slot_file(plan, slot);
    std::error_code ignored;
    if (!fs::exists(folder_ / file, ignored)) continue;
    if (restored)
      restored = co_await ask(life->client(), protocol, life->socket(), Action::restore, slot, file, deadline_);
    if (engine.expired()) co_return;
    fs::remove(folder_ / file, ignored);  // it is used once; the next unload writes a newer one
    if (restored) log::info("{} has {} tokens of an earlier conversation back", plan.spec().folder_name, *restored);
  }
}

}  // namespace eai::engine
