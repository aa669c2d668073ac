// Why: a Trustless Gateway: it gives blocks and CARs to whoever may ask, and the client verifies them.
// Thread: everything runs on the one thread that runs the io_context, which should be a thread of its own: reading from a
// slow disk blocks it.
// What holds: only what the BlockSource has is given, and nothing is fetched for anybody. No answer has a CORS header, and
// a page of another site gets nothing (Host, Origin, Sec-Fetch-Site). Heads of answers have at most 2 KiB. A block is
// never copied into memory if it lies in a file and the connection is not encrypted; a client that reads slowly costs a
// connection. What was begun and cannot be finished, because a block is missing, is cut off.
// Source: Trustless Gateway specification of IPFS (2026-03-05) and what it refers to; Fetch Metadata Request Headers.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "http/own_hosts.h"
#include "http/server.h"
#include "share/block_source.h"
#include "share/given.h"
#include "share/ration.h"

namespace eai::share {

enum class Clients : std::uint8_t {
  near,  // this machine, and private and link-local addresses
  anyone,
};

struct ShareOptions {
  http::OwnHosts hosts;  // by which clients may ask
  Clients clients = Clients::near;
  RationLimits limits;
};

// Connections and times for the listener of a share.
http::Limits listener_limits();

class Share {
 public:
  // The source must outlive it.
  Share(boost::asio::io_context& context, BlockSource& source, ShareOptions options);
  ~Share();

  http::Handlers handlers();
  Given given() const;          // from any thread
  std::size_t running() const;  // answers

  struct Core;

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace eai::share
