#include "peers/source_memory.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include <boost/json.hpp>
#include <boost/url.hpp>

#include "http/address.h"
#include "util/log.h"
#include "util/text.h"

namespace eai::peers {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::uint64_t k_file_limit = 256 * k_kib;
constexpr std::size_t k_key_limit = 300;
constexpr double k_fastest = 1e12;    // bytes per second; more than that is not true
constexpr double k_memory_span = 10;  // seconds of transfers after which what was known before weighs about a third
constexpr int k_lock_tries = 50;      // others hold it for milliseconds
constexpr auto k_between_tries = 10ms;
constexpr std::int64_t k_day = std::chrono::seconds(k_remembered_for).count();

bool is_recent(std::int64_t time, std::int64_t now) { return time > 0 && time <= now && now - time < k_day; }

// 0: there is none, or it is no time.
std::int64_t time_at(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value != nullptr && value->is_int64() ? std::max<std::int64_t>(value->get_int64(), 0) : 0;
}

double rate_at(const json::object& object) {
  const json::value* value = object.if_contains("bytes_per_second");
  if (value == nullptr || !value->is_number()) return 0;
  const auto rate = value->to_number<double>();
  return rate > 0 && rate <= k_fastest ? rate : 0;
}

Result<FileLock> lock_at(const fs::path& path) {
  EAI_TRY(const OwnFolder folder, OwnFolder::make(path.parent_path(), Privacy::secret));
  for (int tries = 1;; ++tries) {
    auto lock = folder.lock(path.filename().string(), FileLock::Wait::no);
    if (lock || lock.error().code != Code::busy || tries == k_lock_tries) return lock;
    std::this_thread::sleep_for(k_between_tries);
  }
}

}  // namespace

SourceMemory::SourceMemory(Place place, std::function<Clock::time_point()> now)
    : place_(std::move(place)), now_(std::move(now)) {
  if (const auto folder = OwnFolder::open(place_.file.parent_path(), Privacy::open)) known_ = read(*folder);
}

std::string SourceMemory::key_of(std::string_view url) {
  if (url.size() > 64 * k_kib) return {};
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return {};
  const std::string scheme = lower(parsed->scheme());
  if (scheme != "http" && scheme != "https") return {};
  std::string host = lower(parsed->encoded_host());
  if (host.empty()) return {};
  const std::uint16_t usual = scheme == "http" ? 80 : 443;
  const std::uint16_t port = parsed->port_number() != 0 ? parsed->port_number() : usual;
  std::string key = scheme + "://" + host + (port == usual ? "" : ":" + std::to_string(port));
  return key.size() <= k_key_limit ? key : std::string();
}

std::int64_t SourceMemory::seconds_now() const { return Clock::to_time_t(now_()); }

SourceMemory::Recalled SourceMemory::recall(const std::string& key) const {
  const auto found = known_.find(key);
  if (found == known_.end()) return {};
  const std::int64_t now = seconds_now();
  Recalled out;
  if (is_recent(found->second.measured_at, now)) out.bytes_per_second = found->second.bytes_per_second;
  if (is_recent(found->second.lied_at, now)) {
    out.distrusted_until = Clock::from_time_t(found->second.lied_at + k_day);
  }
  return out;
}

void SourceMemory::lied(const std::string& key) {
  if (key.empty()) return;
  news_[key].lied = true;
  save();
}

void SourceMemory::measured(const std::string& key, std::uint64_t bytes, std::chrono::duration<double> time) {
  if (key.empty() || time.count() <= 0) return;
  News& news = news_[key];
  news.bytes += static_cast<double>(bytes);
  news.seconds += time.count();
}

void SourceMemory::save() {
  if (news_.empty() && !outdated_) return;
  if (const auto written = write(); !written) log::debug("sources are not remembered: {}", written.error().message);
}

// What others have written since it was read stays.
Result<void> SourceMemory::write() {
  EAI_TRY(const OwnFolder folder, OwnFolder::make(place_.file.parent_path(), Privacy::open));
  EAI_TRY(const FileLock lock, lock_at(place_.lock));
  Entries entries = read(folder);
  const std::int64_t now = seconds_now();
  for (const auto& [key, news] : news_) {
    Entry& entry = entries[key];
    if (news.lied) entry.lied_at = now;
    if (news.bytes <= 0) continue;
    const double rate = std::clamp(news.bytes / news.seconds, 1.0, k_fastest);
    const double weight = entry.measured_at > 0 ? 1 - std::exp(-news.seconds / k_memory_span) : 1;
    entry.bytes_per_second += weight * (rate - entry.bytes_per_second);
    entry.measured_at = now;
  }
  while (entries.size() > k_most_remembered) {
    entries.erase(std::ranges::min_element(entries, {}, [](const auto& one) { return one.second.latest(); }));
  }
  json::object all;
  for (const auto& [key, entry] : entries) {
    json::object one;
    if (entry.measured_at > 0) {
      one["bytes_per_second"] = static_cast<std::int64_t>(std::ceil(entry.bytes_per_second));
      one["measured_at"] = entry.measured_at;
    }
    if (entry.lied_at > 0) one["lied_at"] = entry.lied_at;
    all[key] = std::move(one);
  }
  EAI_CHECK(folder.write(place_.file.filename().string(), view_of(json::serialize(all) + "\n")));
  known_ = std::move(entries);
  news_.clear();
  outdated_ = false;
  return {};
}

SourceMemory::Entries SourceMemory::read(const OwnFolder& folder) {
  const auto text = folder.read(place_.file.filename().string(), k_file_limit);
  if (text) return parse(*text);
  outdated_ = text.error().code == Code::invalid;
  return {};
}

// Only what counts is taken over, and whatever else the file holds is to go.
SourceMemory::Entries SourceMemory::parse(ByteView text) {
  boost::system::error_code error;
  const json::value all = json::parse(text_of(text), error);
  outdated_ = error || !all.is_object();
  if (outdated_) return {};
  const std::int64_t now = seconds_now();
  Entries out;
  for (const auto& [key, value] : all.get_object()) {
    Entry entry;
    if (const json::object* object = value.if_object()) {
      entry = {rate_at(*object), time_at(*object, "measured_at"), time_at(*object, "lied_at")};
    }
    if (entry.bytes_per_second == 0 || !is_recent(entry.measured_at, now)) {
      outdated_ |= entry.measured_at > 0;
      entry.bytes_per_second = 0;
      entry.measured_at = 0;
    }
    if (!is_recent(entry.lied_at, now)) {
      outdated_ |= entry.lied_at > 0;
      entry.lied_at = 0;
    }
    if (entry.latest() > 0 && key_of(key) == key)
      out[key] = entry;
    else
      outdated_ = true;
  }
  return out;
}

}  // namespace eai::peers
