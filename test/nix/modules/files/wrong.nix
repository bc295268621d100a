{ port = "eighty"; }
