// Why: a gateway that lied an hour ago may well lie again, and how fast each source is would be found out anew in every
// run. Both are remembered for a day, so that a download begins with whom to trust and whom to ask first.
// Thread: one owner. Other processes may use the same file at the same time.
// What holds:
// - a source is known by the scheme, host and port of its URL. Its path, query, login and token never reach the disk;
// - what is older than a day counts as unknown, and so does what is from the future: a clock that is wrong makes nothing
//   last longer. Both are dropped when the file is written next, and at most k_most_remembered sources are kept;
// - it only saves time, since every byte is verified anyway. So nothing here fails: a file that is missing, damaged or not
//   this user's counts as empty, and where it cannot be written, nothing is remembered (the log says why, at debug);
// - the file is replaced as a whole, under a lock, by what it holds by then together with what is new.
// Format of the file: {"https://host": {"bytes_per_second": 9000000, "measured_at": 1764369884, "lied_at": 1764369884}},
// where times are seconds since 1970 and either kind of knowledge may be absent.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "util/file.h"
#include "util/own_folder.h"

namespace eai::peers {

inline constexpr std::chrono::hours k_remembered_for{24};
inline constexpr std::size_t k_most_remembered = 256;

class SourceMemory {
 public:
  using Clock = std::chrono::system_clock;
  struct Place {
    fs::path file;  // its folder must be an open OwnFolder; it is created if it does not exist
    fs::path lock;  // in a secret one
  };

  // Reads the file.
  explicit SourceMemory(Place place, std::function<Clock::time_point()> now = Clock::now);
  const fs::path& file() const { return place_.file; }

  // "https://host" or "http://10.0.0.1:8080", in lower case and without the scheme's usual port. "" if the text is not an
  // http or https URL, or is far longer than a host can be: such a source is not remembered.
  static std::string key_of(std::string_view url);

  struct Recalled {
    double bytes_per_second = 0;                        // 0: unknown
    std::optional<Clock::time_point> distrusted_until;  // it sent wrong bytes less than a day before
  };
  Recalled recall(const std::string& key) const;
  Clock::time_point now() const { return now_(); }

  // It sent bytes that are not what their hash says. Written at once.
  void lied(const std::string& key);
  // It delivered that many bytes in that time, in which at least one request to it was in flight. Kept until save().
  void measured(const std::string& key, std::uint64_t bytes, std::chrono::duration<double> time);
  // Writes what is new, and drops what counts as unknown by now. Nothing is written if there is neither.
  void save();

 private:
  struct Entry {
    double bytes_per_second = 0;
    std::int64_t measured_at = 0;  // seconds since 1970; 0: unknown
    std::int64_t lied_at = 0;
    std::int64_t latest() const { return std::max(measured_at, lied_at); }
  };
  using Entries = std::map<std::string, Entry>;
  // Of this run, and not in the file yet.
  struct News {
    bool lied = false;
    double bytes = 0;
    double seconds = 0;
  };

  std::int64_t seconds_now() const;
  Entries read(const OwnFolder& folder);
  Entries parse(ByteView text);
  Result<void> write();

  Place place_;
  std::function<Clock::time_point()> now_;
  Entries known_;
  std::map<std::string, News> news_;
  bool outdated_ = false;  // the file holds what should not stay there
};

}  // namespace eai::peers
