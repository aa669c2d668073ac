#include "engine/conversations.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include "util/log.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {

using Action = SlotProtocol::Action;

constexpr std::string_view k_ending = ".kv";

// The names of the saved caches that begin with `prefix`.
std::vector<std::string> files_in(const OwnFolder& folder, std::string_view prefix) {
  std::vector<std::string> files = folder.names();
  std::erase_if(files, [&](const std::string& name) { return !name.ends_with(k_ending) || !name.starts_with(prefix); });
  return files;
}

// Oldest first, until the rest is within the limit.
void keep_within(const OwnFolder& folder, std::uint64_t limit) {
  struct File {
    std::int64_t seconds = 0, nanoseconds = 0;  // when it was written
    std::uint64_t size = 0;
    std::string name;
  };
  std::vector<File> files;
  std::uint64_t total = 0;
  for (std::string& name : files_in(folder, "")) {
    struct stat info {};
    if (::fstatat(folder.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
#ifdef __APPLE__
    const timespec& written = info.st_mtimespec;
#else
    const timespec& written = info.st_mtim;
#endif
    files.push_back({written.tv_sec, written.tv_nsec, static_cast<std::uint64_t>(info.st_size), std::move(name)});
    total += files.back().size;
  }
  std::ranges::sort(files, {}, [](const File& file) { return std::pair(file.seconds, file.nanoseconds); });
  for (const File& file : files) {
    if (total <= limit) return;
    total -= file.size;
    (void)folder.remove(file.name);
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

void remove_in(const OwnFolder& folder, std::string_view prefix) {
  for (const std::string& name : files_in(folder, prefix)) (void)folder.remove(name);
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
void Conversations::prepare() {
  own_.reset();
  if (folder_.empty()) return;
  auto made = OwnFolder::make(folder_, Privacy::secret);
  if (!made) return log::error("conversations are not kept: {}", made.error().message);
  own_ = *std::move(made);
  clear();
}

void Conversations::clear() const {
  if (own_) remove_in(*own_, "");
}

// A key begins with the model's id and a slash (Measured::key_of).
void Conversations::forget_all(const fs::path& folder, const std::string& id) {
  const auto own = OwnFolder::open(folder, Privacy::secret);
  if (own) remove_in(*own, file_name_of(id + "/"));
}

bool Conversations::keeps(const ModelPlan& plan) const {
  const SlotProtocol* protocol = kind_of(plan.spec().task).slots;
  return own_ && protocol != nullptr && protocol->keeps(plan.spec()) && plan.found().memory.context <= limit_;
}

void Conversations::forget(const ModelPlan& plan) const {
  for (std::uint32_t slot = 0; slot < plan.found().launch.slots && own_; ++slot)
    (void)own_->remove(slot_file(plan, slot));
}

asio::awaitable<void> Conversations::save(const ModelPlan& plan, std::shared_ptr<EngineLife> life,
                                          asio::thread_pool& helper) {
  const SlotProtocol& protocol = *kind_of(plan.spec().task).slots;
  const OwnFolder folder = *own_;
  const auto engine = life->engine();
  std::optional<std::int64_t> saved = 0;
  for (std::uint32_t slot = 0; slot < plan.found().launch.slots; ++slot) {
    const std::string file = slot_file(plan, slot);
    if (saved) saved = co_await ask(life->client(), protocol, life->socket(), Action::save, slot, file, deadline_);
    if (engine.expired()) co_return;
    if (saved.value_or(0) == 0) (void)folder.remove(file);
  }
  asio::post(helper, [folder, limit = limit_] { keep_within(folder, limit); });
}

asio::awaitable<void> Conversations::restore(const ModelPlan& plan, std::shared_ptr<EngineLife> life) {
  const SlotProtocol& protocol = *kind_of(plan.spec().task).slots;
  const OwnFolder folder = *own_;
  const auto engine = life->engine();
  std::optional<std::int64_t> restored = 0;
  for (std::uint32_t slot = 0; slot < plan.found().launch.slots; ++slot) {
    const std::string file = slot_file(plan, slot);
    const auto kept = folder.open_file(file, O_RDONLY);
    if (!kept && kept.error().code == Code::not_found) continue;
    if (kept && restored)
      restored = co_await ask(life->client(), protocol, life->socket(), Action::restore, slot, file, deadline_);
    if (engine.expired()) co_return;
    (void)folder.remove(file);  // it is used once; the next unload writes a newer one
    if (kept && restored)
      log::info("{} has {} tokens of an earlier conversation back", plan.spec().folder_name, *restored);
  }
}

}  // namespace eai::engine
