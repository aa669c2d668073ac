// Why: what all answers of a share have in common.
// Thread: the share's. Included by .cc files of this room only.
#pragma once

#include "share/share.h"

namespace eai::share {

struct Share::Core {
  Core(boost::asio::io_context& with, BlockSource& from, ShareOptions as);
  Ration& ration_for(const std::string& peer);

  boost::asio::io_context& context;
  BlockSource& source;
  ShareOptions options;
  Ration near, far;  // for private addresses, and for all others
  Ledger ledger;
};

}  // namespace eai::share
