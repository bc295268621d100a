{ a }: { inherit a; }
