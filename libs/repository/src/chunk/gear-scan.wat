;; The inner loop of content-defined chunking: three times as fast as in JavaScript. See cut.ts.
;; Bytes 0 to 1023 of the memory are the gear table, 256 numbers of 32 bits.
(module
  (memory (export "memory") 1)
  (global $kept (mut i32) (i32.const 0))
  ;; The position behind the first byte from $at on where the hash has none of the bits of $mask, or 0 when there is none
  ;; before $end. With $resume the hash goes on from where the last call without a cut left it.
  (func (export "scan") (param $at i32) (param $end i32) (param $mask i32) (param $resume i32) (result i32)
    (local $hash i32)
    (if (local.get $resume) (then (local.set $hash (global.get $kept))))
    (block $none
      (loop $next
        (br_if $none (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $hash (i32.add (i32.shl (local.get $hash) (i32.const 1))
          (i32.load (i32.shl (i32.load8_u (local.get $at)) (i32.const 2)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.and (local.get $hash) (local.get $mask)))
        (return (local.get $at))))
    (global.set $kept (local.get $hash))
    (i32.const 0)))
