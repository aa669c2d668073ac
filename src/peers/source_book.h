// Why: what is known of each source: how fast it is, what it does not have, when it may be asked again, whether it lied.
// It decides whom to ask next and, in the end, says what each of them did. It begins with what earlier runs have learned
// (source_memory.h), and adds to that.
// Thread: one. Time comes in as an argument and chance from a seed, so its tests need no clock.
// What holds: a source that sent wrong bytes is never named again. Trouble costs one of `max_retries` attempts for the
// piece and makes the source wait (patience.h); bytes that arrive give the attempts back. However many questions end in
// trouble during such a wait, that is one trouble, because they were asked before it. While the network is away
// (network_watch.h), failures cost no attempts, as long as any repeats are allowed: time ends that wait. How many requests
// a source gets at a time is found out: one more while its rate grows, half as many after trouble or a stall. A gateway
// that lied less than a day ago is distrusted: it is asked last, for what nobody else delivers, so that it costs no time
// and what only it has can still be had. A remembered rate says whom to ask first, but never that a source is asked for
// nothing: it may be faster today.
// A piece is whatever the caller counts by this number: a part, a leaf, a document.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "peers/source_memory.h"
#include "peers/sources.h"

namespace eai::peers {

using Clock = std::chrono::steady_clock;

struct SourceProgress {
  std::string name;
  std::uint64_t bytes = 0;                                  // received and not thrown away
  double bytes_per_second = 0;                              // 0: unknown, because nothing has come for some seconds
  std::string trouble;                                      // "" | "sent wrong bytes, not used again" | "HTTP 503" …
  std::optional<std::chrono::seconds> wait = std::nullopt;  // until it is asked again
};

class SourceBook {
 public:
  SourceBook(std::vector<Source> sources, const Options& options, std::uint64_t seed);

  // Begins with what `memory` knows, and from then on tells it of lies at once. To be called before anything is asked,
  // since those who are distrusted become the last ones. `memory` must outlive the book.
  void remember_in(SourceMemory& memory, Clock::time_point now);
  // Tells the memory how fast each source was in this run. Once, at its end.
  void keep_rates();

  std::size_t size() const { return entries_.size(); }
  const Source& source(int index) const { return entries_[static_cast<std::size_t>(index)].source; }
  bool banned(int index) const { return entries_[static_cast<std::size_t>(index)].banned; }

  // The gateway to ask for the piece now: of those that have a free slot and need not wait, the one that is expected to
  // answer soonest, or the first one while nothing is known. `only`: this one or none, even if it is distrusted.
  // `weight`: small questions, of which a round trip is most of the cost, may be asked in greater number.
  enum class Weight { full, small };
  std::optional<int> pick(std::size_t piece, Clock::time_point now, std::optional<int> only = {},
                          Weight weight = Weight::full) const;
  // Whether no gateway is left that could still deliver the piece, now or later.
  bool hopeless(std::size_t piece, std::optional<int> only = {}) const;
  bool usable(int index, std::size_t piece) const;
  // The earliest end of a wait of any source.
  std::optional<Clock::time_point> next_ready(Clock::time_point now) const;

  void started(int index);
  void ended(int index);
  int in_flight(int index) const { return entries_[static_cast<std::size_t>(index)].in_flight; }
  // Gateways and URLs that are not banned.
  int alive() const;
  // A source that was found later. Only what is asked by piece hears of it.
  void add(Source source);
  // A URL has one file: it is asked for this piece too, and otherwise for none.
  void serves(int index, std::size_t piece) { entry(index).serves.insert(piece); }

  void got(int index, std::size_t piece, std::uint64_t bytes);
  void threw_away(int index, std::uint64_t bytes);
  // To be called about ten times a second: rates are smoothed over some seconds.
  void tick(Clock::time_point now);
  double rate(int index) const { return entries_[static_cast<std::size_t>(index)].rate; }  // bytes per second

  void lacks(int index, std::size_t piece, const std::string& why);
  void lacks(int index, std::size_t piece) { entry(index).attempts[piece] = max_retries_ + 1; }
  void trouble(int index, std::size_t piece, const std::string& why, std::optional<std::chrono::seconds> retry_after,
               Clock::time_point now, Reach reach = Reach::there);
  // Not to be asked again in this run. `hint`: what a person can do about it.
  void ban(int index, const std::string& why, Hint hint = Hint::none);
  // The same, for bytes that are not what the CID says: of a gateway this is remembered. A URL is only thought to be the
  // file, and says nothing about its host.
  void lied(int index, const std::string& why);
  // It brings nothing for seconds: it gets fewer requests at a time.
  void stalls(int index);
  void note(int index, const std::string& why);  // for the report only
  void ranges_ignored(int index) { entries_[static_cast<std::size_t>(index)].no_ranges = true; }
  bool has_ranges(int index) const { return !entries_[static_cast<std::size_t>(index)].no_ranges; }
  Form form(int index) const { return entries_[static_cast<std::size_t>(index)].form; }
  // The source does not serve raw blocks: it is asked for files from now on.
  void fall_back_to_files(int index) { entry(index).form = Form::file; }

  // "one.example: HTTP 404; two.example: HTTP 503 (6 times), asked for patience of 60 s"
  std::string report() const;

  NetworkWatch& network() const { return *network_; }
  // The source's host, for the network watch.
  const std::string& host(int index) const { return entries_[static_cast<std::size_t>(index)].host; }
  // The network has been away too long, and nobody nearby can still deliver the piece.
  bool cut_off(std::size_t piece, Clock::time_point now) const;
  // What ends the work on a piece that nobody delivers: that the network is away, or what each source did.
  Error failure(const std::string& piece) const;
  // What a person can do about it, if one of the sources gave a hint.
  Hint hint() const { return hint_; }
  std::vector<SourceProgress> progress(Clock::time_point now) const;

 private:
  struct Trouble {
    std::string why;
    int times = 0;
  };
  struct Entry {
    Source source;
    std::string host;
    std::set<std::size_t> serves = {};  // pieces, of a URL
    std::string key = {};               // in the memory
    bool out_of_reach = false;          // as the last question to it found
    bool stalled = false;               // since its last byte
    Form form = Form::raw_block;
    bool banned = false;
    bool no_ranges = false;
    int in_flight = 0;
    int limit = 0;             // of in_flight, once it has been adapted; 0: slots()
    double rate_at_raise = 0;  // the limit goes up while the rate does
    Clock::time_point adapted{};
    int troubles_in_a_row = 0;
    Clock::time_point not_before{};
    std::map<std::size_t, int> attempts;  // per piece; at max_retries + 1 it is given up
    std::uint64_t bytes = 0;
    std::uint64_t bytes_at_tick = 0;
    double rate = 0;
    Clock::time_point last_growth{};
    std::vector<Trouble> troubles;
    double remembered = 0;                 // bytes per second, in earlier runs; 0: unknown
    Clock::time_point distrusted_until{};  // it lied in an earlier run
    std::string distrust;                  // for people; empty: it is trusted
    std::uint64_t measured = 0;            // bytes of this run that came while it was looked at,
    std::chrono::duration<double> busy{};  // and the time in which they came
  };

  Entry& entry(int index) { return entries_[static_cast<std::size_t>(index)]; }
  const Entry& entry(int index) const { return entries_[static_cast<std::size_t>(index)]; }
  int slots() const;
  int limit_of(const Entry& one) const { return one.limit > 0 ? one.limit : slots(); }
  void halve(Entry& one) const;
  void adapt(Entry& one, Clock::time_point now) const;
  bool others_know_ranges(std::size_t piece, const Entry& than) const;
  // Somebody who is trusted delivers the piece, or is expected to.
  bool trusted_deliver(std::size_t piece, Clock::time_point now) const;
  double fastest() const;
  void recall(Entry& one, Clock::time_point now) const;

  std::vector<Entry> entries_;
  int parallel_;
  int max_retries_;
  std::chrono::milliseconds retry_delay_;
  std::mt19937_64 random_;
  Clock::time_point last_tick_{};
  Hint hint_ = Hint::none;
  std::shared_ptr<NetworkWatch> network_;
  SourceMemory* memory_ = nullptr;
  Clock::time_point remembering_since_{};
};

}  // namespace eai::peers
