#include "preserve/receipts.h"

#include <cerrno>

#include <boost/json.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "util/text.h"

namespace eai::preserve {
namespace {

namespace json = boost::json;

constexpr std::uint64_t k_limit = 64 * k_mib;

std::string key_of(std::string_view home, std::string_view hash, std::uint64_t size) {
  return std::string(home) + " " + std::string(hash) + " " + std::to_string(size);
}

}  // namespace

Result<std::unique_ptr<Receipts>> Receipts::open(const fs::path& file) {
  EAI_TRY(const OwnFolder folder, OwnFolder::make(file.parent_path(), Privacy::secret));
  const std::string name = file.filename().string();
  auto lock = folder.lock(name + ".lock", FileLock::Wait::no);
  if (!lock && lock.error().code != Code::busy) return Failure(std::move(lock).error());
  if (!lock) return Failure(std::move(lock).error().with("this folder is being preserved already"));
  EAI_TRY(UniqueFd fd, folder.open_file(name, O_RDWR | O_CREAT | O_APPEND));
  EAI_TRY(const Bytes bytes, read_all(fd.get(), file, k_limit));
  std::unique_ptr<Receipts> out(new Receipts(folder, file, *std::move(lock), std::move(fd)));
  std::string_view text = text_of(bytes);
  std::size_t whole = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', whole)) {
    out->read_line(text.substr(whole, end - whole));
    whole = end + 1;
  }
  // What a crash left behind the last whole line.
  if (::ftruncate(out->fd_.get(), static_cast<off_t>(whole)) != 0) return fail_errno("writing " + file.string(), errno);
  return out;
}

void Receipts::read_line(std::string_view line) {
  json::error_code error;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  const json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) return;
  const auto text = [&](const char* key) -> std::optional<std::string> {
    const json::value* found = object->if_contains(key);
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return std::string(found->get_string());
  };
  const auto profile = text("profile"), by = text("by");
  if (profile && by) settled_ = Settled{*profile, *by};
  const auto home = text("home"), finished = text("finished"), hash = text("sha256"), cid = text("cid");
  if (home && finished) {
    if (auto parsed = ipld::Cid::parse(*finished)) finished_.insert_or_assign(*home, *parsed);
  }
  if (const auto place = text("place"); home && place) places_[*home] = *place;
  const json::value* size = object->if_contains("size");
  if (!home || !hash || !cid || size == nullptr) return;
  json::error_code no_number;
  const auto bytes = size->to_number<std::uint64_t>(no_number);
  auto parsed = ipld::Cid::parse(*cid);
  if (no_number || !parsed) return;
  remember(*home, *hash, bytes, *parsed);
}

void Receipts::remember(const std::string& home, const std::string& hash, std::uint64_t size, const ipld::Cid& cid) {
  if (by_key_.insert_or_assign(key_of(home, hash, size), cid).second) bytes_at_[home] += size;
}

std::uint64_t Receipts::bytes_at(const std::string& home) const {
  std::lock_guard guard(mutex_);
  const auto found = bytes_at_.find(home);
  return found == bytes_at_.end() ? 0 : found->second;
}

Result<void> Receipts::append(const std::string& line) {
  auto written = write_all(fd_.get(), view_of(line + "\n"));
  if (written && ::fsync(fd_.get()) != 0) written = fail_errno("syncing", errno);
  if (written) return {};
  Error error = std::move(written).error().with(file_.string());
  if (!trouble_) trouble_ = error;
  return Failure(std::move(error));
}

std::optional<Error> Receipts::trouble() const {
  std::lock_guard guard(mutex_);
  return trouble_;
}

std::optional<ipld::Cid> Receipts::find(const std::string& home, const ipld::Sha256& sha256, std::uint64_t size) const {
  std::lock_guard guard(mutex_);
  auto found = by_key_.find(key_of(home, to_hex(sha256), size));
  return found == by_key_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> Receipts::add(const std::string& home, const ipld::Sha256& sha256, std::uint64_t size,
                           const ipld::Cid& cid) {
  std::lock_guard guard(mutex_);
  const std::string hash = to_hex(sha256);
  const json::object line{{"home", home}, {"sha256", hash}, {"size", size}, {"cid", cid.str()}};
  EAI_CHECK(append(json::serialize(line)));
  remember(home, hash, size, cid);
  return {};
}

std::optional<ipld::Cid> Receipts::finished(const std::string& home) const {
  std::lock_guard guard(mutex_);
  auto found = finished_.find(home);
  return found == finished_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> Receipts::finish(const std::string& home, const ipld::Cid& hash) {
  std::lock_guard guard(mutex_);
  EAI_CHECK(append(json::serialize(json::object{{"home", home}, {"finished", hash.str()}})));
  finished_.insert_or_assign(home, hash);
  return {};
}

std::string Receipts::place(const std::string& home) const {
  std::lock_guard guard(mutex_);
  const auto found = places_.find(home);
  return found == places_.end() ? "" : found->second;
}

Result<void> Receipts::set_place(const std::string& home, const std::string& place) {
  std::lock_guard guard(mutex_);
  std::string& known = places_[home];
  if (known == place) return {};
  EAI_CHECK(append(json::serialize(json::object{{"home", home}, {"place", place}})));
  known = place;
  return {};
}

std::optional<Receipts::Settled> Receipts::settled() const {
  std::lock_guard guard(mutex_);
  return settled_;
}

Result<void> Receipts::settle(Settled settled) {
  std::lock_guard guard(mutex_);
  EAI_CHECK(append(json::serialize(json::object{{"profile", settled.profile}, {"by", settled.by}})));
  settled_ = std::move(settled);
  return {};
}

Result<void> Receipts::forget() {
  std::lock_guard guard(mutex_);
  if (::ftruncate(fd_.get(), 0) != 0) return fail_errno("emptying " + file_.string(), errno);
  by_key_.clear();
  finished_.clear();
  bytes_at_.clear();
  places_.clear();
  settled_.reset();
  return {};
}

Result<void> Receipts::remove() { return folder_.remove(file_.filename().string()); }

}  // namespace eai::preserve
