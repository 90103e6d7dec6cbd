-- Managed by netboot.diskless: tells a machine that is no slave who it is. PXELINUX gives it ip= and BOOTIF=.
local address, mac = "unknown", "unknown"
for _, word in ipairs(arg) do
  address = string.match(word, "^ip=([0-9.]+)") or address
  mac = string.match(word, "^BOOTIF=01%-([0-9a-f-]+)") or mac
end
print("MAC address " .. string.gsub(mac, "-", ":") .. ", address " .. address .. ". Its own disk follows.")
