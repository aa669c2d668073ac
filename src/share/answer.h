// Why: one answer of a share, from what was asked to its last byte.
// Thread: the share's. Included by .cc files of this room only.
// What holds: nothing is sent before it is known that the answer can begin well. Once it has begun, an error cuts it off,
// and so does a client that takes less than k_least_rate on average after k_grace.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "ipld/dag_select.h"
#include "share/ask.h"
#include "share/core.h"

namespace eai::share {

class Answer {
 public:
  // All that is referred to lives until give() has ended.
  Answer(Share::Core& core, const http::Incoming& in, http::Outgoing& out, Ask ask, Ration::Ticket ticket);
  ~Answer();
  Answer(const Answer&) = delete;
  boost::asio::awaitable<void> give();

 private:
  template <typename T>
  using Task = boost::asio::awaitable<T>;
  using Clock = Ration::Clock;
  static constexpr std::uint64_t k_least_rate = 4 * k_kib;  // bytes per second
  static constexpr std::chrono::seconds k_grace{60};

  // A block of a CAR.
  struct Section {
    ipld::Cid cid;
    Found found;
    bool is_terminus = false;
  };

  Task<void> give_record();
  Task<void> give_one();
  Task<void> give_block(Found found);
  Task<void> give_file(const ipld::Cid& root, std::uint64_t size);
  Task<void> give_car();
  Result<void> follow_path();
  Result<std::optional<Section>> next_section(ipld::DagWalk& walk);
  Task<void> stream(ipld::DagWalk& walk, std::vector<Section> first);
  Task<bool> send_section(const Section& section);

  Task<void> refuse(Refusal refusal);
  Task<void> refuse(const Error& error);
  Task<bool> is_known_already();
  // Whether a body is to follow; `range` gets the part of it that is wanted.
  Task<bool> begin(std::uint64_t size, ByteRange& range);
  // In steps, as the rate wants them. False: the client has left, or is given up.
  Task<bool> send(std::string_view before, Found found);
  // Other clients get a turn when this one has had its share of work.
  Task<void> turn(std::uint64_t work);
  Task<void> pause(Clock::duration time);
  // Bytes that exist only in memory are counted. False: too many answers have some already.
  bool may_hold(const Found& found);
  Result<Found> find(const ipld::Cid& cid);
  Result<Found> part_of_file(const ipld::Cid& root, std::uint64_t offset);
  Result<Found> counted(Result<Found> found);

  Share::Core& core_;
  const http::Incoming& in_;
  http::Outgoing& out_;
  Ask ask_;
  Ration::Ticket ticket_;
  boost::asio::steady_timer timer_;
  std::vector<ipld::Cid> roots_;  // of the segments of the path
  std::uint64_t sent_ = 0, work_ = 0;
  Clock::time_point begun_ = Clock::now();  // without the pauses
  bool holds_ = false;
};

}  // namespace eai::share
