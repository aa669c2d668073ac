#include "engine/model_plan.h"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include "engine/measured.h"
#include "util/log.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {

constexpr auto k_as_tuple = asio::as_tuple(asio::deferred);

void take_rank(ModelSpec& into, const ModelSpec& from) {
  into.main = from.main;
  into.pinned = from.pinned;
  into.idle_timeout = from.idle_timeout;
}

}  // namespace

ModelPlan::ModelPlan(asio::io_context& context, ModelSpec spec) : spec_(std::move(spec)), looked_at_(context) {}

const Error* ModelPlan::failure() const { return look_ == Look::failed ? &error_ : nullptr; }

std::uint64_t ModelPlan::begin_look() {
  // What is known already serves until the answer is there.
  if (look_ != Look::done) look_ = Look::running;
  looked_at_.expires_at(asio::steady_timer::time_point::max());
  return ++looks_;
}

bool ModelPlan::end_look(ModelSpec spec, Result<Inspection> result) {
  looked_at_.cancel();
  if (result) {
    next_ = Next{std::move(spec), std::move(*result)};
    return true;
  }
  if (look_ == Look::done) {
    log::error("{} keeps its old settings: {}", spec_.folder_name, result.error().message);
    return false;
  }
  look_ = Look::failed;
  error_ = std::move(result).error();
  return false;
}

void ModelPlan::take_next() {
  if (!next_) return;
  spec_ = std::move(next_->spec);
  found_ = std::move(next_->found);
  next_.reset();
  look_ = Look::done;
  key_ = Measured::key_of(spec_, found_.launch);
}

bool ModelPlan::change(const ModelSpec& spec) {
  take_rank(spec_, spec);
  if (next_) take_rank(next_->spec, spec);
  if (spec == spec_) {
    next_.reset();  // back to what is in force, before a change came into force
    if (look_ == Look::done) ++looks_;
    return false;
  }
  if (next_ && spec == next_->spec) return false;
  log::info("{} gets its new settings when it is started next", spec.folder_name);
  if (look_ != Look::done) spec_ = spec;
  return true;
}

asio::awaitable<Result<void>> ModelPlan::wait_until_known(asio::steady_timer::time_point deadline) {
  while (look_ == Look::running) {
    if (std::chrono::steady_clock::now() >= deadline)
      co_return fail(Code::timeout, "the files of " + spec_.folder_name + " could not be read in time");
    const std::uint64_t look = looks_;
    co_await looked_at_.async_wait(k_as_tuple);
    // A later look that takes the place of this one ends the wait as well.
    if (look_ == Look::running && look == looks_)
      co_return fail(Code::cancelled, "the request was cancelled while it waited");
  }
  if (look_ == Look::failed) co_return Failure(error_);
  co_return Result<void>();
}

}  // namespace eai::engine
