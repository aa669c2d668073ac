// What is done before an engine is started, if its model's files are to be verified each time.
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "engine/pool_loop.h"
#include "util/log.h"

namespace eai::engine {

namespace asio = boost::asio;

void PoolLoop::verify_first(ModelIndex index, EngineRun run) {
  Member& member = *members_[index];
  member.verification = std::make_shared<Verification>(Verification{run});
  if (!verifier_) verifier_.emplace(1);
  asio::post(*verifier_, [self = weak_from_this(), &io = context_, index, verify = options_.verify, id = member.id,
                          here = member.verification, work = asio::make_work_guard(context_)] {
    const auto on_fraction = [&](double fraction) {
      asio::post(io, [self, here, fraction] {
        here->fraction = fraction;
        const auto loop = self.lock();
        if (loop && !loop->closed_) loop->tell_news();
      });
    };
    auto result = std::make_shared<Result<void>>(verify(id, here->stop.get_token(), on_fraction));
    asio::post(io, [self, index, here, result] {
      const auto loop = self.lock();
      if (loop && !loop->closed_) loop->verified(index, *here, std::move(*result));
    });
  });
}

void PoolLoop::verified(ModelIndex index, const Verification& verification, Result<void> result) {
  Member& member = *members_[index];
  const auto held = std::exchange(member.verification, nullptr);
  if (verification.stop.stop_requested()) return engine_exited(index, verification.run, {"it was stopped"});
  if (result) return start(index, verification.run);
  member.damage = std::move(result).error();
  log::error("{} is not loaded: {}", member.plan.spec().folder_name, member.damage->message);
  engine_exited(index, verification.run, {member.damage->message});
}

}  // namespace eai::engine
