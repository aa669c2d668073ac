// Why: long tasks show how far they are, with lines that change on a terminal, and with plain lines elsewhere: one
// whenever something else begins, one every 5 s while they get on, and one every 30 s while they do not.
// Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"

namespace eai::cli {

struct BarTrouble {
  std::string what;  // "ipfs.io: HTTP 503"
  std::optional<std::chrono::seconds> wait = std::nullopt;
};

// What must happen before bytes come again.
struct BarWait {
  std::string what;                             // "no network", "waiting for ipfs.io"
  std::string until;                            // "next try in 4 s"; may change from second to second
  enum class News { yes, no } news = News::no;  // that it begins or ends is a plain line of its own
};

struct Bar {
  std::string label;                  // the model
  std::string phase;                  // "unpacking"; empty: the bar counts bytes
  std::uint64_t done = 0, total = 0;  // bytes; total 0: unknown
  double bytes_per_second = 0;        // 0: unknown, and not shown
  std::optional<std::chrono::seconds> time_left = std::nullopt;
  std::vector<BarTrouble> troubles = {};
  double phase_fraction = 0;           // 0…1 of the phase; 0: unknown
  std::string amount = {}, rate = {};  // "step 3 of 20", "1.2 s/step": if something other than bytes is counted
  std::string more = {};               // "2 in flight"
  std::optional<BarWait> waits = std::nullopt;
};

struct BarStyle {
  std::size_t columns = 80;
  bool utf8 = true;
  bool colour = false;
};

// One line of at most `columns` characters, not counting colour codes; what matters least is left out first.
std::string bar_line(const Bar& bar, const BarStyle& style);
// "qwen3-1.7b: 823 MB of 1.83 GB (45%), 12.3 MB/s, 1 min 20 s left"
std::string plain_line(const Bar& bar);

// Shows bars on stderr; shows nothing if `out` is quiet or prints JSON.
class ProgressDisplay {
 public:
  using Clock = std::chrono::steady_clock;
  explicit ProgressDisplay(Output& out) : out_(out) {}
  ~ProgressDisplay() { clear(); }
  ProgressDisplay(const ProgressDisplay&) = delete;

  void show(const Bar& bar, Clock::time_point now = Clock::now()) { show(std::vector<Bar>{bar}, now); }
  // Several tasks at once, one line each.
  void show(const std::vector<Bar>& bars, Clock::time_point now = Clock::now());
  // Removes the bars from the terminal, so that other text can be printed.
  void clear();

 private:
  void show_plain(const std::vector<Bar>& bars, Clock::time_point now);
  Output& out_;
  std::size_t on_screen_ = 0;  // lines
  std::optional<Clock::time_point> last_;
  std::string last_shape_;         // labels and phases
  std::string last_reach_;         // how far they were
  std::vector<std::string> told_;  // troubles already printed as plain lines
};

}  // namespace eai::cli
