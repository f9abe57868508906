;; Checks pages of PostgreSQL, of 8 KiB: their checksum, which is 32 sums side by side (PostgreSQL's
;; src/include/storage/checksum_impl.h), so that eight vectors of four do it at once. See page-check.ts.
;; Bytes 0 to 127 of the memory stay zero. The pages lie behind the first 64 KiB.
(module
  (memory (export "memory") 1)

  ;; The checksum of the page at $page, which is number $number of its relation. Its own field counts as zero.
  (func $checksum (param $page i32) (param $number i32) (result i32)
    (local $own i32) (local $round i32) (local $at i32) (local $prime v128) (local $v v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128) (local $s4 v128) (local $s5 v128) (local $s6 v128) (local $s7 v128)
    (local.set $own (i32.load16_u offset=8 (local.get $page)))
    (i32.store16 offset=8 (local.get $page) (i32.const 0))
    (local.set $prime (i32x4.splat (i32.const 16777619)))
    (local.set $s0 (v128.const i32x4 0x5b1f36e9 0xb8525960 0x02ab50aa 0x1de66d2a))
    (local.set $s1 (v128.const i32x4 0x79ff467a 0x9bb9f8a3 0x217e7cd2 0x83e13d2c))
    (local.set $s2 (v128.const i32x4 0xf8d4474f 0xe39eb970 0x42c6ae16 0x993216fa))
    (local.set $s3 (v128.const i32x4 0x7b093b5d 0x98daff3c 0xf718902a 0x0b1c9cdb))
    (local.set $s4 (v128.const i32x4 0xe58f764b 0x187636bc 0x5d7b3bb1 0xe73de7de))
    (local.set $s5 (v128.const i32x4 0x92bec979 0xcca6c0b2 0x304a0979 0x85aa43d4))
    (local.set $s6 (v128.const i32x4 0x783125bb 0x6ca8eaa2 0xe407eac6 0x4b5cfc3e))
    (local.set $s7 (v128.const i32x4 0x9fbf8c76 0x15ca20be 0xf2ca9fd3 0x959bd756))
    (local.set $at (local.get $page))
    (loop $next
      (local.set $v (v128.xor (local.get $s0) (v128.load offset=0 (local.get $at))))
      (local.set $s0 (v128.xor (i32x4.mul (local.get $v) (local.get $prime)) (i32x4.shr_u (local.get $v) (i32.const 17))))
      (local.set $v (v128.xor (local.get $s1) (v128.load offset=16 (local.get $at))))
      (local.set $s1 (v128.xor (i32x4.mul (local.get $v) (local.get $prime)) (i32x4.shr_u (local.get $v) (i32.const 17))))
      (local.set $v (v128.xor (local.get $s2) (v128.load offset=32 (local.get $at))))
      (local.set $s2 (v128.xor (i32x4.mul (local.get $v) (local.get $prime)) (i32x4.shr_u (local.get $v) (i32.const 17))))
      (local.set $v (v128.xor (local.get $s3) (v128.load offset=48 (local.get $at))))
      (local.set $s3 (v128.xor (i32x4.mul (local.get $v) (local.get $prime)) (i32x4.shr_u (local.get $v) (i32.const 17))))
      (local.set $v (v128.xor (local.get $s4) (v128.load offset=64 (local.get $at))))
      (local.set $s4 (v128.xor (i32x4.mul (local.get $v) (local.get $prime)) (i32x4.shr_u (local.get $v) (i32.const 17))))
      (local.set $v (v128.xor (local.get $s5) (v128.load offset=80 (local.get $at))))
      (local.set $s5 (v128.xor (i32x4.mul (local.get $v) (local.get $prime)) (i32x4.shr_u (local.get $v) (i32.const 17))))
      (local.set $v (v128.xor (local.get $s6) (v128.load offset=96 (local.get $at))))
      (local.set $s6 (v128.xor (i32x4.mul (local.get $v) (local.get $prime)) (i32x4.shr_u (local.get $v) (i32.const 17))))
      (local.set $v (v128.xor (local.get $s7) (v128.load offset=112 (local.get $at))))
      (local.set $s7 (v128.xor (i32x4.mul (local.get $v) (local.get $prime)) (i32x4.shr_u (local.get $v) (i32.const 17))))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      ;; Behind the page's 64 rounds come two of zeros.
      (local.set $at (select (i32.add (local.get $at) (i32.const 128)) (i32.const 0) (i32.lt_u (local.get $round) (i32.const 64))))
      (br_if $next (i32.lt_u (local.get $round) (i32.const 66))))
    (i32.store16 offset=8 (local.get $page) (local.get $own))
    (local.set $v (v128.xor
      (v128.xor (v128.xor (local.get $s0) (local.get $s1)) (v128.xor (local.get $s2) (local.get $s3)))
      (v128.xor (v128.xor (local.get $s4) (local.get $s5)) (v128.xor (local.get $s6) (local.get $s7)))))
    (i32.add (i32.const 1) (i32.rem_u
      (i32.xor (local.get $number) (i32.xor
        (i32.xor (i32x4.extract_lane 0 (local.get $v)) (i32x4.extract_lane 1 (local.get $v)))
        (i32.xor (i32x4.extract_lane 2 (local.get $v)) (i32x4.extract_lane 3 (local.get $v)))))
      (i32.const 65535))))

  (func $zero (param $page i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $page) (i32.const 8192)))
    (loop $next
      (if (v128.any_true (v128.load (local.get $page))) (then (return (i32.const 0))))
      (local.set $page (i32.add (local.get $page) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $page) (local.get $end))))
    (i32.const 1))

  ;; The address of the first bad page from $at on, or 0 when there is none before $end. A page that was never used (its pd_upper
  ;; is 0) has to be zero throughout. One whose place in the WAL (pd_lsn, its upper half first) is $since or later is not checked.
  (func (export "firstBad") (param $at i32) (param $end i32) (param $number i32) (param $since i64) (result i32)
    (block $none
      (loop $next
        (br_if $none (i32.ge_u (local.get $at) (local.get $end)))
        (if (i32.eqz (i32.load16_u offset=14 (local.get $at)))
          (then (if (i32.eqz (call $zero (local.get $at))) (then (return (local.get $at)))))
          (else
            (if (i64.lt_u (i64.rotl (i64.load (local.get $at)) (i64.const 32)) (local.get $since))
              (then (if (i32.ne (call $checksum (local.get $at) (local.get $number)) (i32.load16_u offset=8 (local.get $at)))
                (then (return (local.get $at))))))))
        (local.set $at (i32.add (local.get $at) (i32.const 8192)))
        (local.set $number (i32.add (local.get $number) (i32.const 1)))
        (br $next)))
    (i32.const 0)))
