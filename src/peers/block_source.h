// Why: single blocks and whole files of one peer, asked for one after the other: a gateway, a kubo node, a CAR file.
// Thread: one; calls block. They end with Code::cancelled when the stop token that the source was made with is set.
// What holds: only the blocks of a CAR file are proven (when it is opened); what a gateway or a node gives is not.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ipld/cid.h"
#include "peers/service_call.h"
#include "peers/sources.h"

namespace eai::peers {

class BlockSource {
 public:
  virtual ~BlockSource() = default;
  virtual const std::string& name() const = 0;
  // Code::not_found: it does not have this block; network or timeout: it could not be asked.
  virtual Result<Bytes> block(const ipld::Cid& cid) = 0;
  // All bytes of a file, as they come; `again`: they come from the start once more. An error of `bytes` ends it.
  virtual Result<void> whole(const ipld::Cid& cid, const std::function<Result<void>(ByteView)>& bytes,
                             const std::function<void()>& again) = 0;
};

// Code::invalid for a URL that make_sources() refuses.
Result<std::unique_ptr<BlockSource>> make_gateway_source(std::string name, const std::string& url,
                                                         const Options& options, std::stop_token stop);
// By kubo's RPC, which looks at what the node itself has.
std::unique_ptr<BlockSource> make_kubo_source(std::string name, std::string url, Tries tries, std::stop_token stop);
// Reads all of the file once. Errors as those of ipld::CarReader.
Result<std::unique_ptr<BlockSource>> open_car_source(std::string name, const fs::path& file);

}  // namespace eai::peers
