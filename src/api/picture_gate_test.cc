#include "api/picture_gate.h"

#include <optional>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace eai::api {
namespace {

namespace asio = boost::asio;

class PictureGateTest : public testing::Test {
 protected:
  // Its place in `passes_` is filled when it is let in.
  void come(std::uint64_t bytes, const std::string& model = "a", asio::cancellation_slot slot = {}) {
    const std::size_t number = passes_.size();
    passes_.emplace_back();
    asio::co_spawn(context_, enter(number, model, bytes),
                   asio::bind_cancellation_slot(slot, [](const std::exception_ptr&) {}));
    run();
  }
  asio::awaitable<void> enter(std::size_t number, std::string model, std::uint64_t bytes) {
    passes_[number] = co_await gate_.enter(std::move(model), bytes, 100);
  }
  void run() {
    context_.restart();
    context_.poll();
  }
  void leave(std::size_t number) {
    passes_[number].reset();
    run();
  }
  std::vector<bool> in() const {
    std::vector<bool> out;
    for (const auto& pass : passes_) out.push_back(pass != nullptr);
    return out;
  }
  using Who = std::vector<bool>;

  asio::io_context context_;
  PictureGate gate_{context_};
  std::vector<PictureGate::Pass> passes_;
};

TEST_F(PictureGateTest, AsManyAsFitGoInTogether) {
  come(40);
  come(60);
  come(1);
  EXPECT_EQ(in(), (Who{true, true, false}));
  leave(0);
  EXPECT_EQ(in(), (Who{false, true, true}));
}

TEST_F(PictureGateTest, OneThatIsTooLargeGoesAlone) {
  come(1000);
  come(1);
  EXPECT_EQ(in(), (Who{true, false}));
  leave(0);
  EXPECT_EQ(in(), (Who{false, true}));
  come(UINT64_MAX);
  EXPECT_EQ(in(), (Who{false, true, false}));
  leave(1);
  EXPECT_EQ(in(), (Who{false, false, true}));
}

TEST_F(PictureGateTest, NobodyOvertakesAndModelsDoNotWaitForEachOther) {
  come(90);
  come(50);
  come(5);
  come(100, "b");
  EXPECT_EQ(in(), (Who{true, false, false, true}));
  leave(0);
  EXPECT_EQ(in(), (Who{false, true, true, true}));
}

TEST_F(PictureGateTest, AClientThatLeavesGivesUpItsPlace) {
  come(90);
  asio::cancellation_signal signal;
  come(50, "a", signal.slot());
  come(10);
  EXPECT_EQ(in(), (Who{true, false, false}));
  signal.emit(asio::cancellation_type::terminal);
  run();
  EXPECT_EQ(in(), (Who{true, false, true}));
}

}  // namespace
}  // namespace eai::api
