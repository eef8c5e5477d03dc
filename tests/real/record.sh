#!/bin/bash
# Records real programs talking to each other into office.pcap, beside this script.
#
# usage: sudo tests/real/record.sh
#
# Everything happens in network namespaces that the script makes and removes again: a client (10.77.0.10), a server
# with several addresses (web .20, files .21, ssh .22, mail .25, names .53, a controller .99), somebody who scans (.66),
# and a switch in between, where tcpdump listens. Nothing leaves the machine; no address but 10.77.0.x is in the file.
#
# In the recording, in this order: names asked for (dig), pages and a file over HTTP (curl, nginx), the same over HTTPS
# with TLS 1.2, TLS 1.3 and HTTP/2, a mail with an attachment (curl, a small server below), a file over FTP (curl, a
# small server below), SSH logins refused and accepted, a report every second to the controller while the rest goes on,
# a port scan (nmap), pings.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$here/office.pcap
work=$(mktemp -d)
switch=real-switch client=real-client server=real-server scanner=real-scanner
spaces="$client $server $scanner $switch"
started=()

need() { command -v "$1" >/dev/null || missing+=("$2"); }
missing=()
need tcpdump tcpdump; need nginx nginx-light; need dnsmasq dnsmasq-base; need dig bind9-dnsutils; need curl curl
need ssh openssh-client; need sshd openssh-server; need nmap nmap; need ip iproute2; need ethtool ethtool
need openssl openssl; need python3 python3
if [ ${#missing[@]} -gt 0 ]; then apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null; fi

clean() {
  for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done
  wait 2>/dev/null || true
  for space in $spaces; do ip netns del "$space" 2>/dev/null || true; rm -rf "/etc/netns/$space"; done
  rmdir /etc/netns 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT

in_space() { local space=$1; shift; ip netns exec "$space" "$@"; }
start() { local space=$1; shift; ip netns exec "$space" "$@" >>"$work/log" 2>&1 & started+=($!); }

# --- the network
for space in $spaces; do ip netns add "$space"; in_space "$space" ip link set lo up; done
in_space "$switch" ip link add br0 type bridge
in_space "$switch" ip link set br0 up
join() { # space name addresses…
  local space=$1 port=$2; shift 2
  ip link add "$port" netns "$switch" type veth peer name eth0 netns "$space"
  in_space "$switch" ip link set "$port" master br0 up
  in_space "$space" ip link set eth0 up
  for address in "$@"; do in_space "$space" ip address add "$address/24" dev eth0; done
  # Real segments with real checksums, not what a virtual card leaves for later.
  in_space "$space" ethtool -K eth0 tx off tso off gso off gro off >/dev/null
  in_space "$switch" ethtool -K "$port" tx off tso off gso off gro off >/dev/null
}
join "$client" client 10.77.0.10
join "$server" server 10.77.0.20 10.77.0.21 10.77.0.22 10.77.0.25 10.77.0.53 10.77.0.99
join "$scanner" scanner 10.77.0.66
mkdir -p "/etc/netns/$client"
echo "nameserver 10.77.0.53" >"/etc/netns/$client/resolv.conf"

# --- the servers
mkdir -p "$work"/{web,tmp,run}
echo '<html><body><h1>Office</h1><p>Welcome to the office.</p></body></html>' >"$work/web/index.html"
for number in $(seq 1 900); do echo "line $number of a report that nobody has to read to the end"; done >"$work/web/report.txt"
head -c 60000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null >"$work/web/setup.bin"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 30 \
  -subj "/O=Example Office/CN=www.office.example" -addext "subjectAltName=DNS:www.office.example" 2>/dev/null
cat >"$work/nginx.conf" <<EOF
worker_processes 1; daemon off; pid $work/run/nginx.pid; error_log $work/nginx.log;
user root;
events { worker_connections 64; }
http {
  access_log off; client_body_temp_path $work/tmp; root $work/web; types { text/html html; text/plain txt; }
  default_type application/octet-stream;
  server { listen 10.77.0.20:80; location /gone { return 301 /; } location /in { client_max_body_size 1m; return 200 "ok"; } }
  server { listen 10.77.0.99:80; location / { return 200 "nothing to do"; } }
  server { listen 10.77.0.20:443 ssl http2; ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem; }
}
EOF
cat >"$work/dnsmasq.conf" <<EOF
no-daemon
no-resolv
no-hosts
bind-interfaces
listen-address=10.77.0.53
pid-file=
address=/www.office.example/10.77.0.20
address=/files.office.example/10.77.0.21
address=/mail.office.example/10.77.0.25
address=/updates.example/10.77.0.99
mx-host=office.example,mail.office.example,10
txt-record=office.example,"v=spf1 ip4:10.77.0.25 -all"
local=/example/
EOF
ssh-keygen -q -t ed25519 -N "" -f "$work/host_key"
ssh-keygen -q -t ed25519 -N "" -f "$work/user_key"
mkdir -p /run/sshd
cp "$work/user_key.pub" "$work/allowed"
cat >"$work/sshd.conf" <<EOF
ListenAddress 10.77.0.22
HostKey $work/host_key
PidFile none
AuthorizedKeysFile $work/allowed
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
EOF
cat >"$work/servers.py" <<'EOF'
import socket, socketserver, threading

class Lines(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
    def hear(self):
        return self.rfile.readline().decode("latin-1").strip()

class Mail(Lines):
    def handle(self):
        self.say("220 mail.office.example ESMTP ready")
        while line := self.hear():
            word = line.split()[0].upper()
            if word == "EHLO":
                self.say("250-mail.office.example\r\n250-8BITMIME\r\n250 SIZE 1000000")
            elif word == "DATA":
                self.say("354 go ahead")
                while self.rfile.readline().rstrip(b"\r\n") != b".":
                    pass
                self.say("250 2.0.0 taken")
            elif word == "QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")

class Files(Lines):
    def handle(self):
        self.say("220 files.office.example FTP")
        data = b"what was in the file\r\n" * 200
        passive = None
        while line := self.hear():
            word = line.split()[0].upper()
            if word == "USER":
                self.say("331 password, please")
            elif word == "PASS":
                self.say("230 welcome")
            elif word == "PWD":
                self.say('257 "/"')
            elif word == "EPSV":
                passive = socket.create_server(("10.77.0.21", 0))
                self.say("229 Entering Extended Passive Mode (|||%d|)" % passive.getsockname()[1])
            elif word == "SIZE":
                self.say("213 %d" % len(data))
            elif word == "RETR" and passive:
                self.say("150 here it comes")
                other, _ = passive.accept()
                other.sendall(data)
                other.close()
                passive.close()
                self.say("226 done")
            elif word == "QUIT":
                return self.say("221 bye")
            else:
                self.say("200 ok")

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

mail = Server(("10.77.0.25", 25), Mail)
threading.Thread(target=mail.serve_forever, daemon=True).start()
Server(("10.77.0.21", 21), Files).serve_forever()
EOF
start "$server" nginx -c "$work/nginx.conf"
start "$server" dnsmasq -C "$work/dnsmasq.conf"
start "$server" "$(command -v sshd)" -D -e -f "$work/sshd.conf"
start "$server" python3 "$work/servers.py"
sleep 2
start "$switch" tcpdump -i br0 -U -s 0 -Z root --time-stamp-precision nano -w "$work/office.pcap" not ip6
listener=${started[-1]}
sleep 1

# --- what the client does
client() { in_space "$client" timeout 20 "$@" >>"$work/log" 2>&1 || true; }
echo "recording"
( for _ in $(seq 1 40); do
    in_space "$client" timeout 5 curl -s -A "agent/1.0" http://updates.example/v1/ping >/dev/null || true
    sleep 1
  done ) & reports=$!
started+=("$reports")

client dig www.office.example
client dig +noedns AAAA www.office.example
client dig MX office.example
client dig TXT office.example
client dig nobody.office.example
client dig +tcp A mail.office.example
client curl -s http://www.office.example/
client curl -s http://www.office.example/report.txt
client curl -s --compressed -H "Accept-Language: en" http://www.office.example/gone -L
client curl -s http://www.office.example/missing
client curl -s -o /dev/null http://www.office.example/setup.bin
client curl -s -r 100-2000 http://www.office.example/report.txt
client curl -s -F "file=@$work/web/index.html" http://www.office.example/in
client curl -s --data-binary @"$work/web/report.txt" http://www.office.example/in
client curl -s -I http://www.office.example/
client curl -sk --http1.1 --tls-max 1.2 https://www.office.example/
client curl -sk --http1.1 https://www.office.example/report.txt
client curl -sk --http2 https://www.office.example/ https://www.office.example/report.txt
printf 'From: Anna <anna@office.example>\r\nTo: bela@office.example\r\nSubject: the report\r\n\r\nIt is attached.\r\n' >"$work/mail.txt"
client curl -s smtp://mail.office.example --mail-from anna@office.example --mail-rcpt bela@office.example -T "$work/mail.txt"
client curl -s smtp://mail.office.example --mail-from anna@office.example --mail-rcpt bela@office.example \
  -F "=It is attached." -F "=@$work/web/report.txt;encoder=base64" -H "Subject: attached" -H "From: anna@office.example"
client curl -s ftp://files.office.example/notes.txt --user anna:secret
login() { client ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes "$@"; }
for _ in 1 2 3; do login -o IdentityFile=/dev/null anna@10.77.0.22 true; done
login -i "$work/user_key" root@10.77.0.22 "cat $work/web/index.html"
client ping -c 3 -i 0.3 10.77.0.20
in_space "$scanner" timeout 60 nmap -n -Pn -sS -p 1-150 --max-retries 1 10.77.0.20 >>"$work/log" 2>&1 || true
in_space "$scanner" timeout 60 nmap -n -sV --version-light -p 22,80 10.77.0.20 10.77.0.22 >>"$work/log" 2>&1 || true
in_space "$scanner" timeout 60 nmap -n -Pn -sU -p 53,123,161 10.77.0.53 >>"$work/log" 2>&1 || true
wait "$reports" || true
sleep 1
kill "$listener"
wait "$listener" || true

size=$(stat -c %s "$work/office.pcap")
if [ "$size" -gt 1000000 ]; then echo "the recording has $size bytes, more than a repository should carry" >&2; exit 1; fi
install -m 644 "$work/office.pcap" "$out"
echo "$out: $size bytes, $(tcpdump -nr "$out" 2>/dev/null | wc -l) packets"
