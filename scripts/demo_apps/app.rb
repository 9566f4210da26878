# A stateful app in plain Ruby: counts requests per key in memory. It knows nothing of clusters or rings.
# Ruby 3 has no web server in its standard library, so this one speaks the little HTTP/1.1 it needs by itself.
# usage: ruby app.rb NAME PORT
require 'json'
require 'socket'

NAME, PORT = ARGV
COUNTS = Hash.new(0)
LOCK = Mutex.new

def answer(path, key)
  LOCK.synchronize do
    if path == '/stats'
      { name: NAME, keys: COUNTS }
    else
      COUNTS[key] += 1
      { app: NAME, language: 'Ruby', key: key, count: COUNTS[key] }
    end.to_json
  end
end

def serve(socket)
  socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
  while (line = socket.gets("\r\n"))
    _method, path, = line.split
    headers = {}
    while (line = socket.gets("\r\n")) && line != "\r\n"
      field, value = line.split(':', 2)
      headers[field.downcase] = value.strip
    end
    socket.read(headers['content-length'].to_i)
    data = answer(path, headers.fetch('ringside-key', ''))
    socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: #{data.bytesize}\r\n\r\n#{data}")
    break if headers['connection'].to_s.downcase == 'close'
  end
rescue SystemCallError, IOError
  # the other side went away
ensure
  socket.close
end

server = TCPServer.new('127.0.0.1', PORT.to_i)
loop { Thread.new(server.accept) { |socket| serve(socket) } }
