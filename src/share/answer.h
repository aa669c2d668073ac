// Why: one answer of a share, from what was asked to its last byte.
// Thread: the share's. Included by .cc files of this room only.
// What holds: nothing is sent before it is known that the answer can begin well. Once it has begun, an error cuts it off.
#pragma once

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
  boost::asio::awaitable<void> give();

 private:
  template <typename T>
  using Task = boost::asio::awaitable<T>;
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

  Task<void> refuse(Refusal refusal);
  Task<void> refuse(const Error& error);
  Task<bool> is_known_already();
  // Whether a body is to follow; `range` gets the part of it that is wanted.
  Task<bool> begin(std::uint64_t size, ByteRange& range);
  Task<Result<void>> write(std::string_view before, const PlacedBytes& bytes);
  // After bytes were sent: what the rate wants, and a turn for others.
  Task<void> rest(std::size_t of, std::uint64_t bytes);
  Result<Found> find(const ipld::Cid& cid);
  Result<Found> part_of_file(const ipld::Cid& root, std::uint64_t offset);
  Result<Found> counted(Result<Found> found);

  Share::Core& core_;
  const http::Incoming& in_;
  http::Outgoing& out_;
  Ask ask_;
  Ration::Ticket ticket_;
  boost::asio::steady_timer pause_;
  std::vector<ipld::Cid> roots_;  // what the path led through
  std::string joined_;
  std::uint64_t in_turn_ = 0;  // bytes sent since others had a turn
};

}  // namespace eai::share
