// Why: what all answers of a share have in common.
// Thread: the share's. Included by .cc files of this room only.
#pragma once

#include "share/share.h"

namespace eai::share {

struct Share::Core {
  Core(boost::asio::io_context& with, BlockSource& from, ShareOptions as);

  // Bytes that exist only in memory cost that memory as long as a client takes them.
  static constexpr std::size_t k_most_held = 32;

  boost::asio::io_context& context;
  BlockSource& source;
  ShareOptions options;
  Ration ration;
  std::size_t held = 0;  // answers that have such bytes
  Ledger ledger;
};

}  // namespace eai::share
