#include "engine/requests.h"

#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

namespace eai::engine {

namespace asio = boost::asio;

namespace {
constexpr auto k_as_tuple = asio::as_tuple(asio::deferred);
}

Wait::Wait(asio::io_context& context, std::function<void(const WaitNews&)> on_news)
    : ended_(context, asio::steady_timer::time_point::max()), on_news_(std::move(on_news)) {}

asio::awaitable<void> Wait::until_ended() {
  if (!outcome_) co_await ended_.async_wait(k_as_tuple);
}

void Wait::end(Result<void> outcome) {
  outcome_ = std::move(outcome);
  ended_.cancel();
}

std::shared_ptr<Wait> Requests::wait(Ticket ticket, std::function<void(const WaitNews&)> on_news) {
  return waits_.emplace(ticket, std::make_shared<Wait>(context_, std::move(on_news))).first->second;
}

bool Requests::grant(Ticket ticket) {
  const auto found = waits_.find(ticket);
  if (found == waits_.end()) return false;
  found->second->end({});
  waits_.erase(found);
  return true;
}

void Requests::refuse(Ticket ticket, Error why) {
  const auto found = waits_.find(ticket);
  if (found == waits_.end()) return;
  found->second->end(Failure(std::move(why)));
  waits_.erase(found);
}

void Requests::withdraw(Ticket ticket) { waits_.erase(ticket); }

void Requests::refuse_all(const Error& why) {
  for (const auto& [ticket, wait] : std::exchange(waits_, {})) wait->end(Failure(why));
}

void Requests::tell_news(const std::function<std::optional<WaitNews>(Ticket)>& news_of) {
  std::vector<std::pair<std::shared_ptr<Wait>, WaitNews>> due;
  for (const auto& [ticket, wait] : waits_) {
    if (!wait->on_news_ || wait->outcome_) continue;
    const auto news = news_of(ticket);
    if (!news || wait->told_ == news) continue;
    wait->told_ = news;
    due.emplace_back(wait, *news);
  }
  for (const auto& [wait, news] : due)
    if (!wait->outcome_) wait->on_news_(news);
}

void Requests::lose(Ticket ticket, const LeaseEnd& end) {
  const auto found = leases_.find(ticket);
  if (found != leases_.end() && found->second->words.empty()) *found->second = end;
}

}  // namespace eai::engine
