#include "util/thread_crew.h"

#include <new>
#include <system_error>

#include <boost/system/system_error.hpp>

namespace eai {
namespace {

constexpr const char* k_no_threads =
    "the system gives this program no more threads; end other programs, or raise the limit of processes (ulimit -u, or "
    "that of the container)";

}  // namespace

Result<std::unique_ptr<ThreadCrew>> ThreadCrew::start(std::size_t wanted) {
  std::unique_ptr<ThreadCrew> crew(new ThreadCrew);
  crew->threads_.reserve(wanted);
  try {
    while (crew->threads_.size() < wanted) crew->threads_.emplace_back([raw = crew.get()] { raw->context_.run(); });
  } catch (const std::system_error&) {
    if (crew->threads_.empty()) return fail(Code::busy, k_no_threads);
  }
  return crew;
}

ThreadCrew::~ThreadCrew() {
  work_.reset();
  for (std::thread& thread : threads_) thread.join();
}

Result<ThreadCrew*> crew_in(std::unique_ptr<ThreadCrew>& place, std::size_t wanted) {
  if (!place) {
    EAI_TRY(place, ThreadCrew::start(wanted));
  }
  return place.get();
}

std::optional<Error> shortage_of(const std::exception& thrown) {
  if (dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr) return Error{Code::io, "there is not enough memory"};
  // Where a program makes no other calls that could say it, EAGAIN is about threads.
  const auto* own = dynamic_cast<const std::system_error*>(&thrown);
  const auto* boosts = dynamic_cast<const boost::system::system_error*>(&thrown);
  const bool threads = (own != nullptr && own->code() == std::errc::resource_unavailable_try_again) ||
                       (boosts != nullptr && boosts->code() == boost::system::errc::resource_unavailable_try_again);
  if (threads) return Error{Code::io, k_no_threads};
  return std::nullopt;
}

}  // namespace eai
