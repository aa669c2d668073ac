// Why: what one model's engine is started with: the plan in force, and the one that comes with the next start. A reload
// never changes an engine that runs.
// Thread: the pool's. Looking at files blocks, so the pool does it elsewhere and brings the answer here.
// What holds: spec and inspection of a plan belong together; the plan in force changes only in take_next(), except for who
// goes first when room is needed; of several looks only the latest counts; a look that fails never harms a plan in force.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/memory.h"
#include "engine/model_spec.h"
#include "util/result.h"

namespace eai::engine {

class ModelPlan {
 public:
  ModelPlan(boost::asio::io_context& context, ModelSpec spec);

  const ModelSpec& spec() const { return spec_; }
  const Inspection& found() const { return found_; }  // empty until known()
  const std::string& key() const { return key_; }     // of measured.json and of saved conversations
  bool known() const { return look_ == Look::done; }  // its files were looked at, and an engine can be started
  const Error* failure() const;                       // why not, if the last look failed and none is in force
  bool has_next() const { return next_.has_value(); }
  const ModelSpec& latest_spec() const { return next_ ? next_->spec : spec_; }

  // A look at files begins. Its number goes with its answer.
  std::uint64_t begin_look();
  bool is_latest(std::uint64_t look) const { return look == looks_; }
  // The latest look ended. True: there is a next plan now.
  bool end_look(ModelSpec spec, Result<Inspection> result);
  void take_next();  // does nothing without one

  // Another spec is wanted. Who goes first when room is needed counts at once. True: the rest needs a look at its files.
  bool change(const ModelSpec& spec);

  // Waits for a look in progress. Code::timeout: the deadline passed; Code::cancelled: by Asio; else the look's own error.
  boost::asio::awaitable<Result<void>> wait_until_known(boost::asio::steady_timer::time_point deadline);

 private:
  enum class Look { running, done, failed };
  struct Next {
    ModelSpec spec;
    Inspection found;
  };

  ModelSpec spec_;
  Inspection found_;
  std::string key_;
  std::optional<Next> next_;
  Look look_ = Look::running;
  std::uint64_t looks_ = 0;
  Error error_;
  boost::asio::steady_timer looked_at_;  // an event: cancelled when a look has ended
};

}  // namespace eai::engine
